#include "app/app.h"
#include "pos/service.h"

int main(int argc, char** argv) { return app::run(pos::definition(), argc, argv); }
