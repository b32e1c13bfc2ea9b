/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name of the debug file that a stripped file points to: its section .gnu_debuglink
 * (GDB manual, "Debugging Information in Separate Files").
 */
#pragma once

struct error;

/* Where such a file may lie, for the stripped file's own folder. */
enum { DEBUGLINK_PLACES = 3 };

/*
 * The places where the debug file of @path may lie, in the order to try: beside it, in
 * .debug/ beside it, below /usr/lib/debug. All NULL in @ret when the file names none, or
 * names one that would lead elsewhere. Each is owned by the caller.
 */
struct error *debuglink_places(const char *path, char *ret[DEBUGLINK_PLACES]);
