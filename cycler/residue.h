/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Residue: what exists in a kernel now and did not before.
 *
 * A snapshot lists, source by source, everything that drivers make: modules, device
 * nodes, sysfs, /proc and debugfs entries, interrupts, I/O ports and memory, kernel
 * threads (with the rescuers of work queues), network devices, protocols and sockets,
 * slab caches, majors, misc devices, file systems and trace events. Two snapshots
 * compared give what was left behind, and what was lost.
 *
 *	residue_take(&options, &before);
 *	… cycle …
 *	residue_take(&options, &after);
 *	residue_compare(before, after, &difference);
 *
 * Numbers do not count: each name has a form in which digits are replaced, and forms are
 * counted. When refdrv3 comes back as refdrv4 nothing has changed; when refdrv4 is there
 * besides refdrv3, refdrv4 is left behind. Of a folder that was left behind only the
 * folder is told, with the number of entries in it. Whatever has "bookend" at the start
 * of a part of its path, or matches the options' list, is the tool's own.
 *
 * Three prices: residue_pulse_read() is a `stat` call a folder (3 µs; 10 µs on an
 *emulated CPU); residue_fingerprint() reads the short lists without keeping names;
 *residue_take() reads all of it (tens of milliseconds; some tenths of a second on an
 *emulated CPU).
 *
 * What no kernel shows in files is not seen: work queues without rescuer or sysfs entry,
 * timers, notifiers.
 *
 * Adding a source: a struct residue_source in the table at the end of residue.c, and a
 * fixture in tests/cycler/check_residue.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct error;
struct residue_snapshot;

struct residue_options {
	const char *root; /* folder of proc, sys, dev; NULL or "": the machine's own */
	/* Further things that do not count, "WHAT:PATTERN" (fnmatch), NULL at the end. */
	const char *const *ignore;
};

struct error *residue_take(const struct residue_options *options,
			   struct residue_snapshot **ret);
void residue_destroy(struct residue_snapshot *snapshot);
CLEANUP_DEFINE(struct residue_snapshot, residue_destroy)

/* Names of sources that this kernel does not have (NULL behind the last one). */
const char *residue_absent(const struct residue_snapshot *snapshot, size_t index);

/* Entries in all; and whether a source was cut because it had more than is kept. */
size_t residue_entries(const struct residue_snapshot *snapshot);
bool residue_cut(const struct residue_snapshot *snapshot);

struct residue_item {
	const char *what; /* name of the source: "module", "interrupt", "sysfs" */
	char *name;	  /* "/sys/module/dummy", "25: PCI-MSI 16385-edge  refdrv" */
	long change;	  /* how many more than before; below 0: they were lost */
	size_t below;	  /* entries within this folder, told with it */
};

struct residue_difference {
	struct residue_item *items; /* sorted by source, then name */
	size_t count, capacity;
};

void residue_difference_deinit(struct residue_difference *difference);
#define _residue_difference_ __attribute__((cleanup(residue_difference_deinit)))

/* @ret is filled anew. */
struct error *residue_compare(const struct residue_snapshot *before,
			      const struct residue_snapshot *after,
			      struct residue_difference *ret);

/*
 * Takes out of @difference what is not so any more: entries with paths are looked up,
 * lists read again and compared with @before. It costs little when there is little.
 */
struct error *residue_persist(const struct residue_options *options,
			      const struct residue_snapshot *before,
			      struct residue_difference *difference);

/* Whether the name of @item is the path of something. */
bool residue_is_path(const struct residue_item *item);

/*
 * A number that stays the same while the short lists (modules, majors, misc devices,
 * interrupts, file systems, network devices, device nodes) hold the same entries, in
 * any order and numbering. On different numbers residue_take() tells what it is.
 */
struct error *residue_fingerprint(const struct residue_options *options, uint64_t *ret);

/* The folders whose number of subfolders is looked at after every pass, and files. */
enum { RESIDUE_PULSE_FOLDERS = 96, RESIDUE_PULSE_FILES = 16 };

struct residue_pulse {
	int folders[RESIDUE_PULSE_FOLDERS]; /* descriptors, owned */
	size_t count;
	int files[RESIDUE_PULSE_FILES];
	size_t file_count;
};

/* Opens them; those that are not there are left out. */
struct error *residue_pulse_open(const struct residue_options *options,
				 struct residue_pulse *ret);
void residue_pulse_close(struct residue_pulse *pulse);

/* One more short file whose text is looked at, as a module's reference count. */
void residue_pulse_add_file(struct residue_pulse *pulse, const char *path);

/*
 * Changes when a subfolder of any of them came or went, as devices and modules do, or a
 * major, a misc device, a file system, the kernel's taint.
 */
uint64_t residue_pulse_read(const struct residue_pulse *pulse);
