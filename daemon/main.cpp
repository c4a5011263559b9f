#include "daemon/cli.hpp"

int main(int argc, char** argv) { return incidentd::run_cli(argc, argv); }
