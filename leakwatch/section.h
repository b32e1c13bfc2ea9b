/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The section "leaks" of a report: the census's account, for machines and for people. */
#pragma once

struct census_model;
struct error;
struct leaks;
struct report;
struct section;

/* For report_add_section() of who merges reports. */
extern const struct section leak_section;

/* @bound: the share of passes that may leak unseen, at 99 %. */
struct error *leak_section_add(const struct census_model *model,
			       const struct leaks *leaks, double bound,
			       struct report *report);
