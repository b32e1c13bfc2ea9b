/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The census that was taken in the target, judged by leakwatch. */
#pragma once

#include <jansson.h>

#include "cycler/carry.h"
#include "cycler/run.h"

struct error;

struct error *leaks_add(const json_t *census, const struct carried_list *modules,
			const struct run_options *options, struct report *report);
