/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The census while it is taken: a few lines on a terminal that are drawn anew. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct leak_options;

struct live {
	int fd;
	bool on;	    /* a terminal that can be drawn on */
	unsigned int lines; /* that are on the screen now */
	unsigned int width;
};

void live_init(struct live *live, bool quiet);

/* What is alive by the census document, those that hold most first. */
void live_draw(struct live *live, const json_t *census,
	       const struct leak_options *options, uint64_t seconds);

/* Takes the lines away: the report comes in their place. */
void live_clear(struct live *live);
