// The decoder as a program of its own: what the tests start. The first word may ask for a fault instead.

#include <unistd.h>

#include "images/decoder.h"

int main(int argc, char** argv) {
    if (images::is_decoder(argc, argv)) images::run_decoder(argc, argv);
    return 2;
}
