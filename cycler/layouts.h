/* SPDX-License-Identifier: GPL-2.0-or-later */
/* modules.json: where each cycled module lay last, for logs, dumps and gdb. */
#pragma once

struct carried_list;
struct error;
struct journal;
struct results;

/* Writes @folder/modules.json; nothing where no module was loaded. */
struct error *layouts_write(const struct results *results, const struct journal *journal,
			    const struct carried_list *modules, const char *folder);
