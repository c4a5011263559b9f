# `cmake --install build` puts the daemon, its units, its Nagios helper and its documents where Debian expects them.
include(GNUInstallDirs)
install(TARGETS incidentd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
