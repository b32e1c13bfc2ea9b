/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/live.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "common/units.h"
#include "leakwatch/leaks.h"
#include "leakwatch/model.h"
#include "leakwatch/wired.h"

enum { SHOWN = 10, NARROWEST = 60 };

void live_init(struct live *live, bool quiet)
{
	const char *terminal = getenv("TERM");
	struct style style = style_for(STDERR_FILENO);

	*live = (struct live){
		.fd = STDERR_FILENO,
		.on = !quiet && isatty(STDERR_FILENO) && terminal &&
		      strcmp(terminal, "dumb"),
		.width = style.width >= NARROWEST ? style.width : 80,
	};
}

/* One line of the screen, cut to its width: letters of more bytes count once. */
static void add_line(struct live *live, struct strbuf *out, const char *text)
{
	unsigned int columns = 0;

	for (; *text && *text != '\n'; text++) {
		bool begins = ((unsigned char)*text & 0xc0) != 0x80;

		if (begins && ++columns >= live->width)
			break;
		strbuf_addc(out, *text);
	}
	strbuf_adds(out, "\033[K\n");
	live->lines++;
}

static void add_head(struct live *live, const struct census_model *model,
		     uint64_t seconds, struct strbuf *out)
{
	_strbuf_ struct strbuf line = STRBUF_INIT;
	uint64_t objects = 0, bytes = 0;

	for (size_t i = 0; i < model->site_count; i++) {
		objects += model->sites[i].driver ? model->sites[i].alive : 0;
		bytes += model->sites[i].driver ? model->sites[i].alive_given : 0;
	}
	strbuf_adds(&line, "census ");
	units_add_duration(&line, seconds * 1000000000);
	strbuf_adds(&line, ", pass ");
	units_add_count(&line, model->passes);
	strbuf_adds(&line, ": ");
	units_add_count(&line, objects);
	strbuf_addf(&line, " object%s alive, ", objects == 1 ? "" : "s");
	units_add_size(&line, bytes);
	strbuf_adds(&line, "; at most ");
	units_add_size(&line, wired_peak(model));
	if (model->lost) {
		strbuf_adds(&line, "; lost ");
		units_add_count(&line, model->lost);
	}
	add_line(live, out, strbuf_string(&line));
}

static void add_leak(struct live *live, const struct leak *leak, struct strbuf *out)
{
	const struct frame *at = leak->frames.count > leak->driver_frame
					 ? &leak->frames.items[leak->driver_frame]
					 : NULL;
	const char *file = at && at->file ? strrchr(at->file, '/') : NULL;
	_strbuf_ struct strbuf line = STRBUF_INIT;

	strbuf_addf(&line, "  %-11s %-24.24s ", leak_class_name(leak->class),
		    at && at->function ? at->function : "?");
	units_add_count(&line, leak->objects);
	strbuf_adds(&line, " × ");
	units_add_size(&line, leak->objects ? leak->given / leak->objects : 0);
	strbuf_adds(&line, ", oldest ");
	units_add_duration(&line, leak->oldest_ns);
	if (leak->object || leak->assigned.type)
		strbuf_addf(&line, ", %s",
			    leak->object ? leak->object : leak->assigned.type);
	if (file)
		strbuf_addf(&line, "  %s:%u", file + 1, at->line);
	add_line(live, out, strbuf_string(&line));
}

static void add_rest(struct live *live, size_t count, struct strbuf *out)
{
	_strbuf_ struct strbuf line = STRBUF_INIT;

	if (count <= SHOWN)
		return;
	strbuf_addf(&line, "  and %zu places more", count - SHOWN);
	add_line(live, out, strbuf_string(&line));
}

void live_clear(struct live *live)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	if (!live->lines)
		return;
	strbuf_addf(&out, "\033[%uA\r\033[J", live->lines);
	live->lines = 0;
	if (write(live->fd, strbuf_string(&out), out.length) < 0)
		live->on = false;
}

/* In one piece, over what was there: no flicker. */
void live_draw(struct live *live, const json_t *census,
	       const struct leak_options *options, uint64_t seconds)
{
	_cleanup_(census_model_destroy) struct census_model *model = NULL;
	_strbuf_ struct strbuf out = STRBUF_INIT;
	_leaks_ struct leaks leaks = { 0 };
	_error_ struct error *error = census_model_create(census, &model);

	if (!error)
		error = leaks_find(model, options, &leaks);
	if (error)
		return;
	if (live->lines)
		strbuf_addf(&out, "\033[%uA\r", live->lines);
	live->lines = 0;
	add_head(live, model, seconds, &out);
	for (size_t i = 0; i < leaks.count && i < SHOWN; i++)
		add_leak(live, &leaks.items[i], &out);
	add_rest(live, leaks.count, &out);
	strbuf_adds(&out, "\033[J");
	if (write(live->fd, strbuf_string(&out), out.length) < 0)
		live->on = false;
}
