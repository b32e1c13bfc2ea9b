/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes Mach-O files from a few words a line, for what no compiler here makes: kext
 * bundles, PowerPC, and every mistake one at a time. Lines, '#' begins a comment:
 *
 *	arch NAME		begins a slice; several make a fat file
 *	type kext|object|bundle|N
 *	min 10.9 10.15		deployment target and SDK
 *	uuid | signature | stripped | trie
 *	chained N P		chained fixups: imports in format N, pointers in P
 *	kmod IDENTIFIER VERSION	defines _kmod_info
 *	function NAME [IMPORT…]	a function that calls these
 *	import NAME [weak]	an undefined symbol that nothing refers to
 *	use NAME [weak]		one whose address is taken through the pointer table
 *	pointer NAME		one that stands in a table of functions
 *	class NAME SUPER [-vtable|-metaClass|-gMetaClass|-superClass]…
 *				+N: more functions of its own in the vtable; =NAME:
 *				one that is imported; final: has no children
 *	common NAME SIZE | data NAME SIZE | local NAME | stab PATH | dwarf SIZE
 *	text WORD		a terminated string
 *	code NAME SIZE		a function of that many bytes
 *	dylib PATH | main
 *	subtype HEX		cpusubtype
 */
#pragma once

struct error;
struct strbuf;

struct error *macho_write(const char *spec, struct strbuf *out);
