# SPDX-License-Identifier: BSD-2-Clause
# vmm_install_pc(FILE): FILE.in becomes a pkg-config file that follows the libraries when they are
# installed, or moved, elsewhere than where the configuration expected them.
function(vmm_install_pc file)
	set(PC_PREFIX ${CMAKE_INSTALL_PREFIX})
	if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" AND NOT IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
		file(RELATIVE_PATH up "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
		string(REGEX REPLACE "/$" "" up "${up}")
		set(PC_PREFIX "\${pcfiledir}/${up}")
	endif()
	configure_file(${file}.in ${file} @ONLY)
	install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${file} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
