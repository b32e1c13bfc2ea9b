/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "report/json.h"
#include "symbolizer/disassembly.h"
#include "symbolizer/modes.h"
#include "symbolizer/panic.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/panic_text.h"
#include "symbolizer/reader.h"
#include "symbolizer/symbolizer.h"
#include "symbolizer/tail.h"

/* Idle reads after which a report is told, though its end was not seen. */
enum { SETTLED = 8, BLOCK = 1 << 16 };

struct follower {
	const struct follow_request *request;
	struct style style;
};

static struct error *print(const struct follower *f, json_t *report)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *format = f->request->format;

	json_object_set_new(report, "path", json_any_string(f->request->path));
	if (!strcmp(format, "json")) {
		char *line = json_dumps(report, JSON_COMPACT);

		strbuf_addf(&text, "%s\n", line ? line : "");
		free(line);
	} else if (!strcmp(format, "oneline")) {
		panic_line(report, &text);
	} else {
		panic_text(report, &f->style, &text);
		strbuf_addc(&text, '\n');
	}
	if (text.failed)
		return error_nomem();
	fputs(text.data, f->request->out);
	fflush(f->request->out);
	return NULL;
}

/* One report that is complete: symbolized and printed at once. */
static struct error *tell(void *context, struct panic *panic)
{
	const struct follower *f = context;
	_cleanup_(panic_log_destroy) struct panic_log *log = calloc(1, sizeof(*log));
	struct error *error = log ? panic_log_add(log, panic) : error_nomem();
	json_t *report = NULL;

	if (!error)
		error = panic_symbolize(log, f->request->symbolizer);
	if (!error)
		error = disassembly_read(&log->panics[0]);
	if (!error)
		error = panic_to_json(&log->panics[0], &report);
	if (!error)
		error = print(f, report);
	json_decref(report);
	return error;
}

struct error *mode_follow(const struct follow_request *request)
{
	struct follower f = { request, style_for(fileno(request->out)) };
	_cleanup_(panic_reader_destroy) struct panic_reader *reader = NULL;
	_tail_ struct tail tail = { 0 };
	enum tail_state state = TAIL_DATA;
	struct error *error = panic_reader_create(tell, &f, &reader);
	char block[BLOCK];
	size_t length, idle = 0;

	if (!error)
		error = tail_open(request->path, true, &tail);
	while (!error && state != TAIL_END) {
		error = tail_read(&tail, block, sizeof(block), &length, &state);
		if (!error && state == TAIL_DATA)
			error = panic_reader_feed(reader, block, length);
		idle = state == TAIL_IDLE ? idle + 1 : 0;
		if (!error && idle == SETTLED)
			error = panic_reader_flush(reader);
	}
	return error ? error : panic_reader_finish(reader);
}
