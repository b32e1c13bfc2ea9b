/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said between a controller and bookend-relay, which runs on a real machine
 * (target/machine.h): struct channel_frame and its payload, one behind the other, over
 * the relay's standard input and output. Numbers are little endian.
 *
 * The relay holds nothing that is lost with a connection: programs write to files, their
 * shared memory is a file, and each connection begins a new `relay stream` that goes on
 * where the one before it ended.
 *
 *	relay area PATH SIZE		makes PATH of SIZE bytes, its beginning from stdin
 *	relay keep ROOT ID SECONDS NAME=VALUE… -- ARGV…
 *					starts a program and stays with it: out.ID,
 *err.ID, pid.ID, end.ID (its wait status) in ROOT. When no stream was there for so long
 *it ends the program. relay stream ROOT ID OUT ERR KMSG [AREA STATE HEAD TAIL RECORDS
 *RECORD CAPACITY] sends what is behind these offsets, until the program's end; AREA is
 *mirrored relay end ROOT ID		ends the program, however it takes it
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "target/channel.h"

enum relay_type {
	/*
	 * Relay to controller, besides CHANNEL_OUTPUT, CHANNEL_DIAGNOSTIC, CHANNEL_EXIT
	 * and CHANNEL_FAILURE.
	 */
	RELAY_BEAT = 96, /* ten times a second; no payload */
	RELAY_CONSOLE,	 /* uint64 sequence of /dev/kmsg, then a line as dmesg shows it */
	RELAY_AREA,	 /* uint64 offset, then bytes of the area */
	RELAY_LOST,	 /* the program's keeper is gone: the machine was restarted */
	/* Controller to relay, besides CHANNEL_SIGNAL. */
	RELAY_TAIL, /* uint64: records before this one are safe, their places are free */
};
