/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dkms.conf: a shell script that assigns variables. Assignments are read, variables that
 * were assigned before are put in, everything else a shell could do is only noticed:
 * nothing is run. Source: dkms(8), and dkms' read_conf().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"
#include "common/span.h"

struct dkms_directive {
	char *name;
	size_t index; /* of NAME[3]; 0 without brackets */
	char *value;  /* what the file itself does not set stays as "${kernelver}" */
	unsigned int line;
	bool computed; /* command substitution, or within if, for, case: may differ */
};

struct dkms_conf {
	struct dkms_directive *items; /* in the file's order */
	size_t count, capacity;
	bool has_code;		 /* statements that are no assignments */
	unsigned int open_quote; /* line of a quote that nobody closes; 0: none */
};

struct error *dkms_conf_create(struct span text, struct dkms_conf **ret);
void dkms_conf_destroy(struct dkms_conf *conf);
CLEANUP_DEFINE(struct dkms_conf, dkms_conf_destroy)

/* The last assignment of NAME[index], or NULL. */
const struct dkms_directive *dkms_conf_find(const struct dkms_conf *conf,
					    const char *name, size_t index);

/* One more than the highest index assigned; 0: never. */
size_t dkms_conf_length(const struct dkms_conf *conf, const char *name);
