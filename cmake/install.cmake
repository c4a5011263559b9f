# `cmake --install build/release` puts the daemon, its units, its helpers and its documents where Debian expects them.
# With --prefix /usr the units land in /usr/lib/systemd/system. The units name /usr/bin/incidentd.
include(GNUInstallDirs)
install(TARGETS incidentd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES systemd/incidentd.service systemd/incidentd.socket DESTINATION lib/systemd/system)

# What the senders' side needs. A source that ships no helper has no such file.
function(incidentd_install_helper destination)
    foreach(file IN LISTS ARGN)
        if(EXISTS ${CMAKE_SOURCE_DIR}/${file})
            if(destination STREQUAL "bin")
                install(PROGRAMS ${file} DESTINATION ${CMAKE_INSTALL_BINDIR})
            else()
                install(FILES ${file} DESTINATION ${destination})
            endif()
        endif()
    endforeach()
endfunction()
incidentd_install_helper(bin adapters/sources/nagios/incidentd-nagios-notify)
incidentd_install_helper(${CMAKE_INSTALL_DATADIR}/incidentd
    adapters/sources/nagios/nagios-incidentd.cfg
    adapters/sources/zabbix/media_incidentd.yaml)

install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN "*.svg" PATTERN "*.json")
# Rule packs, each with its test file.
install(DIRECTORY rules/library/ DESTINATION ${CMAKE_INSTALL_DATADIR}/incidentd/rules FILES_MATCHING PATTERN "*.yaml")
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
# Not into /etc: the administrator's file is never overwritten.
if(EXISTS ${CMAKE_SOURCE_DIR}/examples)
    install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
endif()
