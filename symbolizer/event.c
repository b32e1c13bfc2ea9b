/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/event.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"
#include "symbolizer/blame.h"
#include "symbolizer/dialect.h"
#include "symbolizer/interleave.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/trace.h"

void event_copy(char *ret, const struct logline *line, const char *from, const char *stop)
{
	const char *end = line->text + line->length;
	const char *found =
		stop && from < end ? memmem(from, end - from, stop, strlen(stop)) : NULL;
	size_t length;

	if (from > end)
		from = end;
	length = (found ? found : end) - from;
	if (length >= EVENT_TEXT)
		length = EVENT_TEXT - 1;
	memcpy(ret, from, length);
	ret[length] = 0;
}

void event_copy_name(char *ret, const struct logline *line, const char *from)
{
	const char *end = line->text + line->length;
	size_t length = 0;

	while (from + length < end && length < EVENT_TEXT - 1 &&
	       (isalnum((unsigned char)from[length]) || strchr("_.$", from[length])))
		length++;
	memcpy(ret, from, length);
	ret[length] = 0;
}

struct error *event_create(const struct dialect *dialect, const struct pattern *pattern,
			   const struct logline *line, const char *at, struct event **ret)
{
	struct event *event = calloc(1, sizeof(*event));

	*ret = NULL;
	if (!event)
		return error_nomem();
	event->dialect = dialect;
	event->pattern = pattern;
	event->blame = pattern->blame;
	event->panic.dialect = dialect->title_dialect;
	event->panic.os = dialect->os;
	event->panic.type = pattern->type;
	event->panic.grade = pattern->grade;
	event->cpu = interleave_cpu(line);
	if (pattern->begin && !pattern->begin(event, line, at)) {
		event_destroy(event);
		return NULL;
	}
	if (dialect->consume)
		dialect->consume(event, line);
	*ret = event;
	return NULL;
}

void event_destroy(struct event *event)
{
	if (!event)
		return;
	panic_deinit(&event->panic);
	free(event->state);
	free(event);
}

bool event_takes_others(const struct event *event)
{
	return !strcmp(event->panic.type, "HANG") || event->panic.grade == PANIC_FATAL;
}

bool event_takes(struct event *event, const struct logline *line)
{
	if (!event->dialect->consume || !event->dialect->consume(event, line))
		return false;
	event_extend(event, line);
	return true;
}

void event_extend(struct event *event, const struct logline *line)
{
	event->idle = 0;
	event->panic.lines = line->number - event->panic.line + 1;
	event->panic.end = line->offset + line->raw_length + 1;
}

bool event_joins(struct event *event, const struct pattern *pattern,
		 const struct logline *line)
{
	/* A stall's report may trip a check of its own. */
	bool within = !strcmp(event->panic.type, "HANG") && !event->panic.context_count &&
		      pattern->grade == PANIC_NOTE;

	if (!pattern->joins && !within)
		return false;
	if (pattern->grade > event->panic.grade)
		event->panic.grade = pattern->grade;
	event_extend(event, line);
	return true;
}

static struct panic_context *last_context(struct event *event)
{
	struct panic *p = &event->panic;

	return p->context_count ? &p->contexts[p->context_count - 1] : NULL;
}

/* Starts a context, unless the last one has only the faulting instruction so far. */
static struct error *start_context(struct event *event, const char *name)
{
	struct panic_context *last = last_context(event);

	if (last &&
	    (!last->frames.count || (last->frames.count == 1 && event->fault_seen)))
		return panic_set(&last->name, name, strlen(name)) ? NULL : error_nomem();
	return panic_add_context(&event->panic, name) ? NULL : error_nomem();
}

/* arm32 and riscv begin the stack with the faulting instruction, told above it. */
static bool repeats_fault(const struct panic_context *context,
			  const struct trace_place *place)
{
	const struct frame *first = context->frames.items;

	return context->frames.count == 1 && first->kind == FRAME_EXACT &&
	       first->function && place->offset && first->offset == place->offset &&
	       !strcmp(first->function, place->function);
}

static struct error *add_frame(struct event *event, const struct trace_place *place,
			       enum frame_kind kind, const struct logline *line)
{
	struct panic_context *context = last_context(event);

	if (!context)
		context = panic_add_context(&event->panic, "Call Trace");
	if (!context)
		return error_nomem();
	if (repeats_fault(context, place)) {
		event_extend(event, line);
		return NULL;
	}
	event_extend(event, line);
	return panic_add_place(context, place, kind, line->text, line->length);
}

/* Lines that end the stack before them and say what the next one is. */
static const struct {
	const char *start;
	bool whole;	  /* the line is nothing else */
	const char *name; /* NULL: the line itself up to its colon */
} headers[] = {
	{ "Call Trace:", false, "Call Trace" },
	{ "Call trace:", false, "Call Trace" },
	{ "Backtrace:", false, "Call Trace" },
	{ "Call Trace", true, "Call Trace" },
	{ "stack backtrace:", true, "Call Trace" },
	{ "Stack backtrace:", false, "Call Trace" },
	{ "Allocated by task", false, NULL },
	{ "Freed by task", false, NULL },
	{ "Allocated:", true, "Allocated" },
	{ "Freed:", true, "Freed" },
	{ "Last potentially related work creation:", false, NULL },
	{ "Second to last potentially related work creation:", false, NULL },
	{ "Uninit was ", false, NULL },
	{ "Local variable ", false, NULL },
	{ "allocated by task", false, NULL },
	{ "freed by task", false, NULL },
	{ "NMI backtrace for cpu", false, NULL },
	{ "Sending NMI from CPU", false, "other CPUs" },
	{ "Task dump for CPU", false, NULL },
	{ "the existing dependency chain", false, NULL },
	{ "-> #", false, NULL },
	{ "read to 0x", false, NULL },
	{ "write to 0x", false, NULL },
	{ "read-write to 0x", false, NULL },
	{ "race at unknown origin, with", false, NULL },
	{ "backtrace:", false, "allocation" },
	{ "is freed at", false, NULL },
	{ "... which became", false, NULL },
	{ "Preemption disabled at:", false, NULL },
	{ "page last allocated via order", false, "page allocated" },
	{ "page last free ", false, "page freed" },
	{ "Showing all locks held", false, "locks held" },
	{ "Showing busy workqueues", false, "workqueues" },
	{ "hardirqs last  enabled at", false, "irq state" },
	{ "{HARDIRQ-ON-W} state was registered at:", false, NULL },
	{ "{IN-", false, NULL },
	{ "{SOFTIRQ-ON-", false, NULL },
	{ "{HARDIRQ-ON-", false, NULL },
	{ "the first lock", false, NULL },
	{ "Exception stack(", false, "Call Trace" },
};

static bool try_header(struct event *event, const struct logline *line,
		       struct error **error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(headers); i++) {
		char name[EVENT_TEXT];

		if (headers[i].start[0] != line->text[0] ||
		    !logline_starts(line, headers[i].start) ||
		    (headers[i].whole && line->length != strlen(headers[i].start)))
			continue;
		if (headers[i].name)
			strcpy(name, headers[i].name);
		else
			event_copy(name, line, line->text, ":");
		/* The registers' frames of an exception belong to the stack above. */
		if (!strncmp(headers[i].start, "Exception stack", 15))
			return true;
		event->stack_begun |= !strcmp(name, "Call Trace");
		*error = start_context(event, name);
		event->in_user = false;
		event_extend(event, line);
		return true;
	}
	return false;
}

/* How architectures announce the instruction pointer. */
static const char *const pointers[] = { "RIP: 0010:", "RIP: 0018:", "RIP: e030:",
					"IP: ",	      "EIP: ",	    "EIP is at ",
					"pc : ",      "PC is at ",  "epc : ",
					"sepc: ",     "NIP ",	    "RIP  [<",
					"RIP: ",      "PSW : ",	    "Krnl PSW : " };

/* The same place is often told twice; the first time counts. */
static bool told_before(struct event *event, const struct trace_place *place)
{
	char text[EVENT_TEXT];

	snprintf(text, sizeof(text), "%.100s+%llx@%llx", place->function,
		 (unsigned long long)place->offset,
		 (unsigned long long)(place->function[0] ? 0 : place->address));
	if (!strcmp(text, event->fault))
		return true;
	if (!event->fault[0])
		strcpy(event->fault, text);
	return false;
}

static bool is_register_name(const char *name, size_t length)
{
	if (length < 2 || length > 8)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_')
			return false;
	return true;
}

/* "RAX: ffff… RBX: …", "x29: … x28: …", "r0 : …", "sp : …"; gives how many. */
static int read_registers(struct event *event, const struct logline *line)
{
	const char *p = line->text, *end = p + line->length;
	int count = 0;

	while (p < end) {
		const char *name = p, *after, *digits;
		uint64_t value = 0;
		size_t length;

		while (p < end && (isalnum((unsigned char)*p) || *p == '_'))
			p++;
		length = p - name;
		after = p;
		while (after < end && *after == ' ')
			after++;
		if (after >= end || *after != ':' || !is_register_name(name, length))
			break;
		after++;
		while (after < end && (*after == ' ' || *after == '\t'))
			after++;
		if (end - after > 5 && after[4] == ':')
			after += 5;
		if (end - after > 2 && after[0] == '0' && after[1] == 'x')
			after += 2;
		if (end - after > 2 && after[0] == '[' && after[1] == '<')
			after += 2;
		for (digits = after; after < end && isxdigit((unsigned char)*after);
		     after++)
			value = value << 4 |
				(uint64_t)(isdigit((unsigned char)*after)
						   ? *after - '0'
						   : (*after | 32) - 'a' + 10);
		if (after - digits < 8 || after - digits > 16)
			break;
		if (!event->in_user)
			panic_add_register(&event->panic, name, length, value);
		count++;
		while (after < end && strchr(" (>]", *after)) {
			const char *close =
				*after == '(' ? memchr(after, ')', end - after) : after;

			after = close ? close + 1 : end;
		}
		p = after;
	}
	return count;
}

/*
 * A jump through NULL: the instruction pointer says nothing, and the link register tells
 * who jumped.
 */
static bool lose_pointer(struct event *event, const char *pointer, const char *from,
			 const char *end)
{
	static const char *const registers[] = { "PC is at ",
						 "pc : ", "epc : ", "sepc: " };

	for (size_t i = 0; i < ARRAY_LENGTH(registers); i++)
		if (!strcmp(pointer, registers[i]) && end - from > 2 &&
		    !memcmp(from, "0x", 2) && !event->fault_seen)
			event->pointer_lost = true;
	return true;
}

/* "LR is at f+0x…/0x…", "lr : f+0x…/0x…", " ra : f+0x…/0x…" below a lost pointer. */
static bool try_link(struct event *event, const struct logline *line,
		     struct error **error)
{
	static const char *const links[] = { "LR is at ", "lr : ", "ra : " };
	const char *end = line->text + line->length;
	struct trace_place place;

	for (size_t i = 0; event->pointer_lost && i < ARRAY_LENGTH(links); i++) {
		if (!logline_starts(line, links[i]) ||
		    !trace_read_place(line->text + strlen(links[i]), end, &place) ||
		    !place.sized)
			continue;
		event->pointer_lost = false;
		event->fault_seen = true;
		*error = add_frame(event, &place, FRAME_RETURN, line);
		return true;
	}
	return false;
}

static bool try_pointer(struct event *event, const struct logline *line,
			struct error **error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(pointers); i++) {
		const char *end = line->text + line->length, *from;
		struct trace_place place;

		if (!logline_starts(line, pointers[i]))
			continue;
		from = line->text + strlen(pointers[i]);
		if (!strcmp(pointers[i], "RIP  [<"))
			from -= 2;
		if (logline_starts(line, "RIP: 0033:") ||
		    logline_starts(line, "RIP: 0023:")) {
			event->in_user = true;
			event_extend(event, line);
			return true;
		}
		/* s390: two words of the processor, then the place in parentheses. */
		if (pointers[i][0] == 'K' && memchr(from, '(', end - from))
			from = memchr(from, '(', end - from);
		if (from + 5 < end && from[4] == ':' && isxdigit((unsigned char)*from))
			from += 5;
		/* arm32 tells the place by name before, and the registers here. */
		if (!strcmp(pointers[i], "pc : ") && *from == '[')
			read_registers(event, line);
		if (event->fault_seen && !strcmp(pointers[i], "pc : ") && *from == '[')
			return true;
		/* i386 has the address alone here, and the name below: "EIP is at f+0x…".
		 */
		if (logline_find(line, " EFLAGS: ") && pointers[i][0] == 'E') {
			event_extend(event, line);
			return true;
		}
		if (!trace_read_place(from, end, &place) ||
		    (!place.sized && !place.address && !place.offset))
			return lose_pointer(event, pointers[i], from, end);
		event->in_user = false;
		event_extend(event, line);
		if (told_before(event, &place))
			return true;
		if (!event->fault_seen && last_context(event) &&
		    last_context(event)->frames.count && strncmp(pointers[i], "RIP", 3))
			*error = panic_add_context(&event->panic, "Call Trace")
					 ? NULL
					 : error_nomem();
		event->fault_seen = true;
		if (!*error)
			*error = add_frame(event, &place, FRAME_EXACT, line);
		return true;
	}
	return false;
}

/* "Modules linked in: a(OE) b c(E+) [last unloaded: d]" */
static void read_modules(struct event *event, const char *p, const char *end)
{
	while (p < end) {
		const char *name;
		struct panic_module *module;

		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (p >= end || *p == '[')
			return;
		for (name = p; p < end && !strchr(" (", *p); p++)
			;
		module =
			p > name ? panic_add_module(&event->panic, name, p - name) : NULL;
		if (p < end && *p == '(') {
			const char *close = memchr(p, ')', end - p);

			if (module && close)
				panic_set(&module->flags, p + 1, close - p - 1);
			p = close ? close + 1 : end;
		} else if (p == name) {
			return;
		}
	}
}

static const char *next_word(const char *p, const char *end, size_t *length)
{
	const char *word;

	while (p < end && *p == ' ')
		p++;
	word = p;
	while (p < end && *p != ' ')
		p++;
	*length = p - word;
	return word;
}

/* From the taint on: "Not tainted 6.1.0 #1 …" or "Tainted: G  OE  6.1.0 #1 …" */
static void read_release(struct panic *p, const char *text, const char *end)
{
	size_t length;
	const char *word = next_word(text, end, &length);

	/* The letters are single words of capitals; the release starts with a digit. */
	while (length && !isdigit((unsigned char)*word))
		word = next_word(word + length, end, &length);
	if (!length)
		return;
	panic_set(&p->release, word, length);
	if (text[0] == 'T') {
		const char *letters = text + strlen("Tainted:");

		while (letters < word && *letters == ' ')
			letters++;
		if (letters < word)
			panic_set(&p->taint, letters, word - letters - 1);
		for (char *c = p->taint ? p->taint + strlen(p->taint) : NULL;
		     c && c > p->taint && c[-1] == ' ';)
			*--c = 0;
	}
	/* The build-id is the last word. */
	if (end - word > 40) {
		const char *id = end;

		while (id > word && isxdigit((unsigned char)id[-1]))
			id--;
		if (end - id == 40 && id[-1] == ' ')
			panic_set(&p->kernel_build_id, id, 40);
	}
}

/* "CPU: 0 UID: 0 PID: 36 Comm: kworker/0:1 Not tainted 4.9.22 #15" */
static bool try_cpu(struct event *event, const struct logline *line)
{
	const char *end = line->text + line->length;
	const char *comm = logline_find(line, "Comm: "), *taint;

	if (!comm || (!logline_find(line, "PID: ") && !logline_find(line, "CPU: ")))
		return false;
	taint = logline_find(line, " Not tainted");
	if (!taint)
		taint = logline_find(line, " Tainted:");
	if (event->cpu < 0)
		event->cpu = interleave_cpu(line);
	event_extend(event, line);
	if (!taint)
		return true;
	comm += strlen("Comm: ");
	if (!event->panic.process && taint > comm)
		panic_set(&event->panic.process, comm, taint - comm);
	if (!event->panic.release)
		read_release(&event->panic, taint + 1, end);
	return true;
}

/* "Kernel Offset: 0x2e000000 from 0xffffffff81000000 (…)" and "disabled" */
static bool try_offset(struct event *event, const struct logline *line)
{
	static const char start[] = "Kernel Offset: ";
	char text[EVENT_TEXT];

	if (!logline_starts(line, start))
		return false;
	event_copy(text, line, line->text + strlen(start), " ");
	event->panic.kernel_offset = strtoull(text, NULL, 16);
	event->panic.kernel_offset_known = true;
	event_extend(event, line);
	return true;
}

bool event_read_machine(struct panic *panic, const struct logline *line)
{
	struct event event = { .panic = *panic };
	bool read = try_cpu(&event, line) || try_offset(&event, line);

	*panic = event.panic;
	return read;
}

static bool try_code(struct event *event, const struct logline *line)
{
	const char *bytes = line->text + 5;

	if (!logline_starts(line, "Code:"))
		return false;
	event_extend(event, line);
	if (event->panic.code || event->in_user || logline_find(line, "Bad ") ||
	    logline_find(line, "Unable"))
		return true;
	while (bytes < line->text + line->length && *bytes == ' ')
		bytes++;
	panic_set(&event->panic.code, bytes, line->text + line->length - bytes);
	return true;
}

static bool try_words(struct event *event, const struct logline *line)
{
	static const char hardware[] = "Hardware name: ",
			  modules[] = "Modules linked in:";
	const char *end = line->text + line->length;

	if (logline_starts(line, hardware)) {
		panic_set(&event->panic.hardware, line->text + strlen(hardware),
			  line->length - strlen(hardware));
	} else if (logline_starts(line, modules)) {
		if (!event->panic.module_count)
			read_modules(event, line->text + strlen(modules), end);
	} else if (logline_starts(line, "---[ end ")) {
		event->closed = true;
	} else if (!logline_starts(line, "Workqueue: ") &&
		   !logline_starts(line, "Tainted: [") &&
		   !logline_starts(line, "#PF: ") && !logline_starts(line, "PGD ")) {
		return false;
	}
	event_extend(event, line);
	return true;
}

/* "<IRQ>" and the like; the frame below a closed one was interrupted. */
static bool try_mark(struct event *event, const struct logline *line)
{
	if (line->length < 3 || line->length > 12 || line->text[0] != '<' ||
	    line->text[line->length - 1] != '>')
		return false;
	event->in_user = false;
	event_extend(event, line);
	return true;
}

/* "<IRQ>  [<…>] f+0x…": old kernels put the mark before a frame. */
static void skip_mark(struct logline *line)
{
	const char *close = line->length > 3 && line->text[0] == '<'
				    ? memchr(line->text, '>', line->length)
				    : NULL;

	if (!close || close - line->text > 8 || !isalpha((unsigned char)line->text[1]))
		return;
	close++;
	while (close < line->text + line->length && *close == ' ')
		close++;
	line->length -= close - line->text;
	line->text = close;
}

static struct error *try_frame(struct event *event, const struct logline *original)
{
	struct trace_place place, callee;
	struct logline line = *original;
	bool interrupted;

	skip_mark(&line);
	interrupted = line.text != original->text && !strncmp(original->text, "<EOI>", 5);
	if (trace_read_frame(&line, &place)) {
		enum frame_kind kind = place.guessed   ? FRAME_GUESSED
				       : place.inlined ? FRAME_INLINE
				       : interrupted   ? FRAME_EXACT
						       : FRAME_RETURN;

		return add_frame(event, &place, kind, &line);
	}
	if (trace_read_arm_frame(&line, &place, &callee))
		return add_frame(event, &place, FRAME_RETURN, &line);
	return NULL;
}

struct error *event_line(struct event *event, const struct logline *line)
{
	struct error *error = NULL;

	if (!line->length)
		return NULL;
	if (event->dialect->line)
		event->dialect->line(event, line);
	if (try_header(event, line, &error) || error ||
	    try_pointer(event, line, &error) || error || try_link(event, line, &error) ||
	    error)
		return error;
	if (try_cpu(event, line) || try_offset(event, line) || try_code(event, line) ||
	    try_words(event, line) || try_mark(event, line))
		return NULL;
	if (read_registers(event, line)) {
		event_extend(event, line);
		return NULL;
	}
	return try_frame(event, line);
}

/* Fills the pattern's title in. */
static struct error *make_title(const struct event *event, const char *format,
				const char *function, char **ret)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	for (const char *p = format; *p; p++) {
		if (!strncmp(p, " in {f}", 7) && !function) {
			p += 6;
		} else if (!strncmp(p, "{f}", 3)) {
			strbuf_adds(&out, function ? function : "?");
			p += 2;
		} else if (!strncmp(p, "{w}", 3)) {
			strbuf_adds(&out, event->what);
			p += 2;
		} else if (!strncmp(p, " {a}", 4) && !event->access[0]) {
			p += 3;
		} else if (!strncmp(p, "{a}", 3)) {
			strbuf_adds(&out, event->access);
			p += 2;
		} else {
			strbuf_addc(&out, *p);
		}
	}
	return strbuf_steal(&out, ret);
}

static struct error *set_titles(struct event *event)
{
	const struct pattern *pattern = event->pattern;
	const char *format = event->title_alt ? event->title_alt : pattern->alt;
	struct panic *p = &event->panic;
	struct error *error = NULL;

	if (!p->title)
		error = make_title(event, event->title ? event->title : pattern->title,
				   p->function, &p->title);
	if (!error && format && p->function) {
		_free_ char *alt = NULL;

		error = make_title(event, format, p->function, &alt);
		if (!error && !panic_add_alt(p, alt))
			error = error_nomem();
	}
	return error;
}

static bool blames_somebody(const struct event *event)
{
	return event->blame != BLAME_NOBODY && strstr(event->pattern->title, "{f}");
}

static const char nobody[] = "no stack to tell who is guilty";

/* Registers tell the architecture; @second NULL: the first one is enough. */
static const struct {
	const char *first, *second, *arch;
} machines[] = {
	{ "rax", NULL, "x86_64" },  { "eax", NULL, "i386" }, { "x29", NULL, "arm64" },
	{ "s11", "gp", "riscv64" }, { "r10", "fp", "arm" },  { "nip", NULL, "powerpc" },
};

static bool has_register(const struct panic *p, const char *name)
{
	for (size_t i = 0; i < p->register_count; i++)
		if (!strcmp(p->registers[i].name, name))
			return true;
	return false;
}

static void find_machine(struct panic *p)
{
	for (size_t i = 0; !p->arch && i < ARRAY_LENGTH(machines); i++)
		if (has_register(p, machines[i].first) &&
		    (!machines[i].second || has_register(p, machines[i].second)))
			panic_set(&p->arch, machines[i].arch, strlen(machines[i].arch));
}

struct error *event_finish(struct event *event)
{
	struct panic *p = &event->panic;
	struct error *error;

	if (event->dialect->finish)
		event->dialect->finish(event);
	if (!event->dialect->consume)
		find_machine(p);
	error = event->dialect->consume ? NULL : blame_choose(event);
	if (error)
		return error;
	if (!p->function && blames_somebody(event) && !p->corrupted)
		panic_set(&p->corrupted, nobody, strlen(nobody));
	error = set_titles(event);
	if (!error)
		panic_hash(p);
	return error;
}
