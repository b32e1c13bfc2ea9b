/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The section "memory" of a report: what the driver costs while it is loaded, and how it
 * uses the allocators. It judges nothing; it is what a review of memory wants to see.
 */
#pragma once

struct census_model;
struct error;
struct leak_options;
struct report;
struct section;

/* For report_add_section() of who merges reports. */
extern const struct section profile_section;

struct error *profile_add(const struct census_model *model,
			  const struct leak_options *options, struct report *report);
