#include "source/server/commands.h"

int main(int argc, char** argv) { return tollgate::server::runCommand(argc, argv); }
