#include "app/app.h"
#include "images/decoder.h"
#include "pos/service.h"

int main(int argc, char** argv) {
    // Before anything is made: it has nothing of the service, and needs nothing.
    if (images::is_decoder(argc, argv)) images::run_decoder(argc, argv);
    return app::run(pos::definition(), argc, argv);
}
