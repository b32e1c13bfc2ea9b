/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "symbolizer/event.h"
#include "symbolizer/logline.h"
#include "symbolizer/modes.h"
#include "symbolizer/panic.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/reader.h"
#include "symbolizer/tail.h"
#include "symbolizer/trace.h"

enum { BLOCK = 1 << 16 };

struct annotation {
	struct symbolizer *symbolizer;
	struct panic machine;	     /* what the log said of itself so far */
	struct panic_log *apple;     /* reports of macOS, found in advance; NULL: none */
	const struct panic *current; /* the one that the line is in, or NULL */
	FILE *out;
	char line[LOGLINE_LIMIT]; /* the beginning of the line that comes in */
	size_t length;
	uint64_t number;
};

static bool read_pointer(const struct logline *line, struct trace_place *ret)
{
	static const char *const starts[] = { "RIP: 0010:", "pc : ", "epc : ",
					      "PC is at ",  "EIP: ", "LR is at " };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (logline_starts(line, starts[i])) {
			const char *from = line->text + strlen(starts[i]);
			const char *end = line->text + line->length;

			/* i386 has a segment before the place. */
			if (starts[i][0] == 'E' && end - from > 5 && from[4] == ':')
				from += 5;
			return trace_read_place(from, end, ret) && ret->sized;
		}
	return false;
}

static void print_frame(const struct annotation *a, const struct frame *frame)
{
	fprintf(a->out, "    ^ %s%s", frame->kind == FRAME_INLINE ? "  " : "",
		frame->function ? frame->function : "?");
	if (frame->file)
		fprintf(a->out, " at %s:%u", frame->file, frame->line);
	if (frame->kind == FRAME_INLINE)
		fputs(" (inlined)", a->out);
	if (frame->confidence && *frame->confidence)
		fprintf(a->out, " (%s)", frame->confidence);
	if (frame->source)
		fprintf(a->out, ": %s", frame->source);
	fputc('\n', a->out);
}

static struct error *follow_machine(struct annotation *a, const struct logline *line)
{
	struct panic *p = &a->machine;
	struct error *error = NULL;

	if (!event_read_machine(p, line))
		return NULL;
	if (p->release)
		error = symbolizer_set_release(a->symbolizer, p->release);
	if (!error && p->kernel_build_id)
		error = symbolizer_set_kernel_build_id(a->symbolizer, p->kernel_build_id);
	if (p->kernel_offset_known)
		symbolizer_set_kernel_offset(a->symbolizer, p->kernel_offset);
	free(p->release);
	p->release = NULL;
	return error;
}

static bool read_line(const struct logline *line, struct trace_place *place,
		      enum frame_kind *kind)
{
	struct trace_place callee;

	*kind = FRAME_EXACT;
	if (read_pointer(line, place)) {
		if (logline_starts(line, "LR"))
			*kind = FRAME_RETURN;
		return true;
	}
	*kind = FRAME_RETURN;
	if (!trace_read_frame(line, place))
		return trace_read_arm_frame(line, place, &callee);
	if (place->guessed)
		*kind = FRAME_GUESSED;
	return place->sized || (place->address && !place->function[0]);
}

static struct error *annotate_linux(struct annotation *a, const struct logline *line)
{
	_frames_ struct frames frames = { 0 };
	struct trace_place place;
	struct error *error = follow_machine(a, line);
	enum frame_kind kind;

	if (error || !read_line(line, &place, &kind))
		return error;
	if (!place.function[0])
		error = symbolizer_resolve(a->symbolizer, place.address, kind, &frames);
	else
		error = symbolizer_resolve_place(
			a->symbolizer,
			&(struct symbol_place){
				.function = place.function,
				.offset = place.offset,
				.size = place.size,
				.module = place.module[0] ? place.module : NULL,
				.build_id = place.build_id[0] ? place.build_id : NULL,
				.address = place.address },
			kind, &frames);
	/* A name is news only where the log has none. */
	for (size_t i = 0; !error && i < frames.count; i++)
		if (frames.items[i].file ||
		    (!place.function[0] && frames.items[i].function))
			print_frame(a, &frames.items[i]);
	return error;
}

/* The kind that the report's reader found for @address; false: it is none of its. */
static bool find_kind(const struct panic *p, uint64_t address, enum frame_kind *ret)
{
	for (size_t i = 0; i < p->context_count; i++)
		for (size_t j = 0; j < p->contexts[i].frames.count; j++)
			if (p->contexts[i].frames.items[j].address == address) {
				*ret = p->contexts[i].frames.items[j].kind;
				return true;
			}
	return false;
}

/* Every address of the line that is a frame's: Intel's, ARM's and PowerPC's alike. */
static struct error *annotate_apple(struct annotation *a, const struct logline *line)
{
	const char *end = line->text + line->length;
	struct error *error = NULL;

	for (const char *p = line->text; !error && end - p > 4;) {
		_frames_ struct frames frames = { 0 };
		enum frame_kind kind;
		char digits[20] = "";
		size_t length = 0;
		uint64_t address;

		if (p[0] != '0' || p[1] != 'x') {
			p++;
			continue;
		}
		for (p += 2; p < end && isxdigit((unsigned char)*p); p++)
			if (length < sizeof(digits) - 1)
				digits[length++] = *p;
		address = strtoull(digits, NULL, 16);
		if (!find_kind(a->current, address, &kind))
			continue;
		error = symbolizer_resolve(a->symbolizer, address, kind, &frames);
		for (size_t i = 0; !error && i < frames.count; i++)
			if (frames.items[i].file)
				print_frame(a, &frames.items[i]);
	}
	return error;
}

/* Enters and leaves reports of macOS. */
static struct error *find_current(struct annotation *a)
{
	const struct panic_log *log = a->apple;

	if (a->current && a->number < a->current->line + a->current->lines)
		return NULL;
	a->current = NULL;
	for (size_t i = 0; log && i < log->count; i++)
		if (a->number >= log->panics[i].line &&
		    a->number < log->panics[i].line + log->panics[i].lines) {
			a->current = &log->panics[i];
			return panic_prepare(a->current, a->symbolizer);
		}
	return NULL;
}

static struct error *annotate_line(struct annotation *a)
{
	char scratch[LOGLINE_LIMIT + 1];
	struct logline line;
	struct error *error;

	a->number++;
	logline_read(a->line, a->length, scratch, &line);
	error = find_current(a);
	if (error)
		return error;
	return a->current ? annotate_apple(a, &line) : annotate_linux(a, &line);
}

/* Copies first, and adds lines only behind the end of one. */
static struct error *copy(struct annotation *a, const char *data, size_t size)
{
	struct error *error = NULL;

	while (!error && size) {
		const char *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) + 1 : size;
		size_t room = sizeof(a->line) - a->length;

		if (fwrite(data, 1, length, a->out) != length)
			return error_errno(errno, "cannot write");
		memcpy(a->line + a->length, data, length < room ? length : room);
		a->length += length < room ? length : room;
		if (end) {
			error = annotate_line(a);
			a->length = 0;
		}
		data += length;
		size -= length;
	}
	return error;
}

static struct error *keep_apple(void *context, struct panic *panic)
{
	return strcmp(panic->os, "macos") ? NULL : panic_log_add(context, panic);
}

/*
 * Kexts and slides are told behind the stacks that need them, so that reports of macOS
 * are looked for before anything is copied. What cannot be read twice goes without.
 */
static struct error *find_apple(const char *path, struct panic_log **ret)
{
	_cleanup_(panic_log_destroy) struct panic_log *log = calloc(1, sizeof(*log));
	_cleanup_(panic_reader_destroy) struct panic_reader *reader = NULL;
	_tail_ struct tail tail = { 0 };
	enum tail_state state = TAIL_DATA;
	struct stat status;
	struct error *error;
	char block[BLOCK];
	size_t length;

	if (!log)
		return error_nomem();
	if (!strcmp(path, "-") || stat(path, &status) || !S_ISREG(status.st_mode))
		return NULL;
	error = tail_open(path, false, &tail);
	if (!error)
		error = panic_reader_create(keep_apple, log, &reader);
	while (!error && state == TAIL_DATA) {
		error = tail_read(&tail, block, sizeof(block), &length, &state);
		if (!error)
			error = panic_reader_feed(reader, block, length);
	}
	if (!error)
		error = panic_reader_finish(reader);
	if (!error)
		*ret = take(log);
	return error;
}

struct error *mode_annotate(const char *path, struct symbolizer *symbolizer, bool follow,
			    FILE *out)
{
	_cleanup_(panic_log_destroy) struct panic_log *apple = NULL;
	struct annotation a = { .symbolizer = symbolizer, .out = out };
	_tail_ struct tail tail = { 0 };
	enum tail_state state = TAIL_DATA;
	struct error *error = tail_open(path, follow, &tail);
	char block[BLOCK];
	size_t length;

	if (!error && !follow)
		error = find_apple(path, &apple);
	a.apple = apple;
	while (!error && state != TAIL_END) {
		error = tail_read(&tail, block, sizeof(block), &length, &state);
		if (!error)
			error = copy(&a, block, length);
		if (!error && state == TAIL_IDLE)
			fflush(out);
	}
	panic_deinit(&a.machine);
	return error;
}
