/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One verdict on a driver: every tool that applies, one after the other, one page.
 *
 * A step is one file gate/step_NAME.c that ends with a descriptor and
 * REGISTER(gate_step, …). It runs its tool as a program of its own (a tool that dies
 * takes only its step along), merges that tool's report, and adds rows to the page.
 */
#pragma once

#include <stdbool.h>

#include "common/cleanup.h"
#include "common/options.h"
#include "common/registry.h"
#include "report/format.h"
#include "report/report.h"
#include "target/kernel.h"

/* What PATH turned out to be. */
enum subject_kind {
	SUBJECT_FOLDER,	 /* sources with a Kbuild file or a dkms.conf */
	SUBJECT_MODULE,	 /* a .ko, compressed or not */
	SUBJECT_PACKAGE, /* .deb, .rpm, archive */
};

struct gate_device {
	const char *path;	  /* "/dev/refdrv0" */
	struct string_list probe; /* "ioctl:…", "read:64" between open and close */
};

struct gate_build {
	const char *flavour;	      /* "release" */
	struct string_list variables; /* for make: "REFDRV_DEBUG=y" */
};

/*
 * How a driver wants to be gated: bookend.json in its folder, all of it optional.
 * Format: docs/schema/driver.schema.json. Strings live in `json`.
 */
struct gate_config {
	json_t *json;
	const char *name;
	struct gate_build builds[8];
	size_t builds_count;
	struct string_list load;  /* modules in order: "refdrv instances=2" */
	struct string_list needs; /* modules of the kernel to load first */
	struct gate_device devices[16];
	size_t devices_count;
	bool discovered; /* device paths were found by us and are owned */
	uint64_t module_passes, plain_passes, device_passes;
};

struct gate_options {
	struct report_options report;
	const char *kernel;
	const char *profile;
	const char *config;
	struct string_list cycle_options; /* handed on to bookend cycle */
	struct string_list skip;
	uint64_t module_passes, device_passes;
	bool hold;
};

struct gate {
	const struct gate_options *options;
	struct gate_config config;
	struct report *report;
	char *path;	      /* as given */
	char *folder;	      /* the run folder, absolute */
	char *shown_folder;   /* the same as it was given */
	struct kernel kernel; /* the target */
	char *own;	      /* folder of the programs */
	enum subject_kind kind;
	char *source;		    /* driver sources, or NULL */
	struct string_list modules; /* owned paths of the .ko to run, in load order */
	char *debug;		    /* folder with debug files, or NULL */
	char *version;		    /* of the driver, when known */
	json_t *rows;		    /* of the page */
	const volatile int *interrupted; /* set by a signal: everything ends soon */
};

struct gate_step {
	const char *name;
	int order;
	/* Why the step does not apply, or NULL: it does. */
	const char *(*skips)(const struct gate *gate);
	struct error *(*run)(struct gate *gate);
};

REGISTRY(gate_step);

struct error *gate_config_load(const char *path, struct gate_config *ret);
void gate_config_deinit(struct gate_config *config);

/* Finds out what PATH is and brings modules and sources into the run folder. */
struct error *gate_open(struct gate *gate);

/*
 * Reads the version from the modules, once they are there. ERROR_INPUT when one of them
 * is no module, or was built for another kernel than the target's.
 */
struct error *gate_identify(struct gate *gate);

/* One row of the page: what, how much, how it went. NULLs are left out. */
struct error *gate_row(struct gate *gate, const char *step, const char *detail,
		       const char *result, const char *more);

/*
 * Runs `bookend-TOOL ARG…` with --format json:FOLDER/TOOL.json added, and gives its
 * report. A tool that could not do its job is an error; findings are not.
 */
struct error *gate_run_tool(struct gate *gate, const char *tool,
			    const struct string_list *arguments, struct report **ret);

/* "clean", or the findings of @report by level, as a row's result. Owned. */
struct error *gate_result(const struct report *report, char **ret);

extern const struct section gate_section;
