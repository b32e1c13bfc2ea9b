/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The census that was taken in the target, judged by leakwatch. */
#pragma once

#include <jansson.h>

#include "cycler/carry.h"
#include "cycler/run.h"

struct error;

/* @costs: what steps cost, as leak_options wants it; or NULL. */
struct error *leaks_add(const json_t *census, const json_t *costs,
			const struct carried_list *modules,
			const struct run_options *options, struct report *report);
