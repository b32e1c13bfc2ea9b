/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a run stands, while it runs, on standard error: one screen that redraws itself on a
 * terminal, a plain line now and then elsewhere.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/strbuf.h"
#include "common/style.h"
#include "cycler/archive.h"
#include "cycler/journal.h"
#include "cycler/results.h"

/* What there is to be seen; borrowed. */
struct screen_view {
	const struct plan *plan;
	const struct results *results;
	const struct journal *journal;
	const struct archive *archive;
	const char *machine; /* "throwaway VM (TCG), kernel 6.1…" */
};

enum { SCREEN_CYCLES = 12, SCREEN_PAST = 20 };

struct screen {
	int fd;
	bool tty, quiet;
	uint64_t begun_ns, leg_ns, shown_ns, every_ns;
	size_t leg;	     /* shown last */
	bool any;	     /* something was shown */
	unsigned int height; /* lines on the terminal that are ours */
	/* Passes of each cycle, a quarter of a second apart: what the rate is just now.
	 */
	struct {
		uint64_t ns, passes[SCREEN_CYCLES];
	} past[SCREEN_PAST];
	size_t past_count;
};

void screen_init(struct screen *screen, bool quiet);

/* Shows it anew when it is time to. */
void screen_update(struct screen *screen, const struct screen_view *view);

/* The verdict so far, in plain lines, now. */
void screen_status(struct screen *screen, const struct screen_view *view);

/* Takes what is ours off the terminal; it comes again with the next update. */
void screen_clear(struct screen *screen);

/* For tests: a screen of @width columns at @now_ns, as it is drawn. */
void screen_draw(const struct screen *screen, const struct screen_view *view,
		 const struct style *style, uint64_t now_ns, struct strbuf *out);
/* The plain line. */
void screen_line(const struct screen *screen, const struct screen_view *view,
		 uint64_t now_ns, struct strbuf *out);
