/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "symbolizer/event.h"
#include "symbolizer/logline.h"
#include "symbolizer/modes.h"
#include "symbolizer/panic.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/trace.h"

struct annotation {
	struct symbolizer *symbolizer;
	struct panic machine; /* what the log said of itself so far */
	FILE *out;
};

static bool read_pointer(const struct logline *line, struct trace_place *ret)
{
	static const char *const starts[] = { "RIP: 0010:", "pc : ", "epc : ",
					      "PC is at " };

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (logline_starts(line, starts[i]))
			return trace_read_place(line->text + strlen(starts[i]),
						line->text + line->length, ret) &&
			       ret->sized;
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

static struct error *annotate_line(struct annotation *a, const char *raw, size_t length)
{
	char scratch[LOGLINE_LIMIT + 1];
	_frames_ struct frames frames = { 0 };
	struct trace_place place;
	struct logline line;
	struct error *error;
	enum frame_kind kind;

	logline_read(raw, length, scratch, &line);
	error = follow_machine(a, &line);
	if (error)
		return error;
	if (read_pointer(&line, &place))
		kind = FRAME_EXACT;
	else if (trace_read_frame(&line, &place) && place.sized)
		kind = place.guessed ? FRAME_GUESSED : FRAME_RETURN;
	else
		return NULL;
	error = symbolizer_resolve_place(
		a->symbolizer,
		&(struct symbol_place){ .function = place.function,
					.offset = place.offset,
					.size = place.size,
					.module = place.module[0] ? place.module : NULL,
					.build_id =
						place.build_id[0] ? place.build_id : NULL,
					.address = place.address },
		kind, &frames);
	for (size_t i = 0; !error && i < frames.count; i++)
		if (frames.items[i].file)
			print_frame(a, &frames.items[i]);
	return error;
}

struct error *mode_annotate(FILE *in, struct symbolizer *symbolizer, bool follow,
			    FILE *out)
{
	struct annotation a = { .symbolizer = symbolizer, .out = out };
	const struct timespec pause = { .tv_nsec = 200000000 };
	_free_ char *line = NULL;
	struct error *error = NULL;
	size_t capacity = 0;

	while (!error) {
		ssize_t length = getline(&line, &capacity, in);

		if (length < 0 && (!follow || ferror(in)))
			break;
		if (length < 0) {
			fflush(out);
			clearerr(in);
			nanosleep(&pause, NULL);
			continue;
		}
		if (fwrite(line, 1, (size_t)length, out) != (size_t)length)
			error = error_errno(errno, "cannot write");
		else if (line[length - 1] == '\n')
			error = annotate_line(&a, line, (size_t)length);
	}
	if (!error && ferror(in))
		error = error_errno(errno, "cannot read the log");
	panic_deinit(&a.machine);
	return error;
}
