/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a driver costs while it is loaded: its code and data in whole pages, what a load,
 * an instance and an open allocate, when it allocates, the peak, and the growth over the
 * run.
 */
#pragma once

#include <stdint.h>

struct census_model;
struct error;
struct json_builder;
struct leak_options;
struct report;

/* The most bytes that the driver had at one time. */
uint64_t wired_peak(const struct census_model *model);

/* Adds to the section "memory", and measurements "memory.…" to @report. */
struct error *wired_add(const struct census_model *model,
			const struct leak_options *options, struct json_builder *b,
			struct report *report);
