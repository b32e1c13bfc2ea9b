/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "common/strbuf.h"
#include "common/units.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void progress_init(struct progress *progress, const char *label, uint64_t total,
		   bool quiet)
{
	bool tty = isatty(STDERR_FILENO);

	*progress = (struct progress){
		.label = label,
		.total = total,
		.started = now_ns(),
		.every = tty ? 100000000ull : 10000000000ull,
		.fd = STDERR_FILENO,
		.tty = tty,
		.quiet = quiet,
	};
	progress->shown = tty ? 0 : progress->started;
}

static void put(int fd, const struct strbuf *line)
{
	const char *text = strbuf_string(line);
	size_t left = line->length;

	while (left) {
		ssize_t n = write(fd, text, left);

		if (n <= 0)
			return;
		text += n;
		left -= n;
	}
}

void progress_update(struct progress *progress, uint64_t done, const char *note)
{
	uint64_t now = now_ns(), spent = now - progress->started;
	_strbuf_ struct strbuf line = STRBUF_INIT;
	double rate = spent ? done * 1e9 / spent : 0;

	if (progress->quiet || now - progress->shown < progress->every)
		return;
	progress->shown = now;
	strbuf_addf(&line, "%s%s  ", progress->tty ? "\r\033[K" : "", progress->label);
	units_add_count(&line, done);
	if (progress->total) {
		strbuf_adds(&line, " of ");
		units_add_count(&line, progress->total);
	}
	strbuf_adds(&line, "  ");
	units_add_rate(&line, rate);
	if (progress->total && rate > 0 && done <= progress->total) {
		strbuf_adds(&line, "  ");
		units_add_duration(&line,
				   (uint64_t)((progress->total - done) / rate * 1e9));
		strbuf_adds(&line, " left");
	}
	if (note && *note)
		strbuf_addf(&line, "  %s", note);
	if (!progress->tty)
		strbuf_addc(&line, '\n');
	put(progress->fd, &line);
	progress->open = progress->tty;
}

void progress_deinit(struct progress *progress)
{
	_strbuf_ struct strbuf line = STRBUF_INIT;

	if (progress->open) {
		strbuf_adds(&line, "\r\033[K");
		put(progress->fd, &line);
	}
	progress->open = false;
}
