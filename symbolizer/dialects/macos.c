/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Panics of macOS: plain text (up to 10.13, and what is within the newer files), and
 * the JSON of .panic and .ips files (10.14 on), whose one string holds the same text.
 * Intel: "0xframe : 0xreturn [bundle : symbol + 0x…]"; Apple silicon: "lr: 0x… fp: 0x…".
 * PowerPC: see macos_powerpc.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "symbolizer/demangle.h"
#include "symbolizer/dialect.h"
#include "symbolizer/dialects/macos_powerpc.h"
#include "symbolizer/panic_model.h"
#include "symbolizer/trace.h"

/* Lines of a report that are not understood may follow one another this often. */
enum { FOREIGN_LIMIT = 400, BOUND_LIMIT = 256, KEXT_LIMIT = 16 << 20, WHAT_LIMIT = 120 };

struct state {
	bool started, kexts, loaded, json;
	bool trap_seen;	  /* of the processor, not a panic() of the kernel's own */
	uint64_t counter; /* the instruction that trapped; 0: not told */
	uint64_t bounds[BOUND_LIMIT]; /* bases of kexts, those of dependencies included */
	size_t bound_count;
	struct powerpc powerpc;
	unsigned int foreign;
};

struct text {
	const char *p, *end;
};

static bool starts(const struct text *t, const char *prefix)
{
	size_t length = strlen(prefix);

	return (size_t)(t->end - t->p) >= length && !memcmp(t->p, prefix, length);
}

static const char *find(const struct text *t, const char *needle)
{
	return t->p < t->end ? memmem(t->p, t->end - t->p, needle, strlen(needle)) : NULL;
}

static uint64_t number_at(const char *p, const struct text *t)
{
	char digits[24] = "";

	while (p < t->end && (*p == ' ' || *p == '\t'))
		p++;
	for (size_t i = 0;
	     i < sizeof(digits) - 1 && p + i < t->end && isalnum((unsigned char)p[i]);
	     i++)
		digits[i] = p[i];
	return strtoull(digits, NULL, 16);
}

/* Pointer authentication keeps its signature in the bits above the address. */
static uint64_t strip_signature(const struct panic *p, uint64_t address)
{
	if (p->arch && !strcmp(p->arch, "arm64") && (address >> 47 & 1))
		return address | UINT64_C(0xffff) << 48 | UINT64_C(0x8000) << 32;
	return address;
}

static void set_text(char **field, const char *from, const char *end)
{
	while (from < end && (*from == ' ' || *from == '\t'))
		from++;
	while (end > from && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (end > from)
		panic_set(field, from, end - from);
}

/* Where the message ends and "@file.c:12" begins. */
static const char *message_end(const struct text *t, const char *message)
{
	static const char *const marks[] = { " @", "\"@/", " (saved state", " at pc 0x" };
	const char *end = t->end;

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		const char *mark =
			memmem(message, end - message, marks[i], strlen(marks[i]));

		if (mark)
			end = mark;
	}
	return end;
}

/* Drops quotes, line ends and numbers from the message: they differ between machines. */
static void set_what(struct event *event, const struct text *t, const char *message)
{
	const char *end = message < t->end ? message_end(t, message) : message;
	size_t out = 0;

	while (message < end && (*message == ' ' || *message == ':'))
		message++;
	while (message < end && out < WHAT_LIMIT) {
		if (end - message > 2 && message[0] == '0' && message[1] == 'x') {
			memcpy(event->what + out, "ADDR", 4);
			out += 4;
			message += 2;
			while (message < end && isxdigit((unsigned char)*message))
				message++;
			continue;
		}
		if (end - message > 1 && message[0] == '\\' && message[1] == 'n')
			message += 2;
		else if (*message == '"' ||
			 (*message == '.' && out && event->what[out - 1] == ' '))
			message++;
		else if (*message == ' ' && out && event->what[out - 1] == ' ')
			message++;
		else
			event->what[out++] = *message++;
	}
	while (out && strchr(" @.", event->what[out - 1]))
		out--;
	event->what[out] = 0;
}

/* "Kernel trap at 0x…, type 14=page fault, registers:" */
static void read_trap(struct event *event, const struct text *t)
{
	const char *at = find(t, " trap at "), *type = find(t, ", type ");
	const char *name = type ? memchr(type, '=', t->end - type) : NULL;
	const char *comma = name ? memchr(name, ',', t->end - name) : NULL;
	size_t length = comma ? (size_t)(comma - name - 1) : 0;
	struct state *state = event->state;

	if (!at || !length || length >= EVENT_TEXT)
		return;
	memcpy(event->what, name + 1, length);
	event->what[length] = 0;
	state->trap_seen = true;
	state->counter = number_at(at + strlen(" trap at "), t);
	event->panic.type =
		!strcmp(event->what, "page fault") ? "MEMORY_SAFETY_BUG" : "DoS";
	event->title = "kernel trap: {w} in {f}";
}

/* "Kernel data abort. at pc 0x…, lr 0x… (saved state: 0x…)" of Apple silicon */
static void read_abort(struct event *event, const struct text *t)
{
	const char *at = find(t, " at pc ");
	struct state *state = event->state;

	state->trap_seen = true;
	if (at)
		state->counter = strip_signature(&event->panic,
						 number_at(at + strlen(" at pc "), t));
	event->panic.type = "MEMORY_SAFETY_BUG";
	event->title = "kernel trap: {w} in {f}";
}

static void read_first(struct event *event, const struct text *t)
{
	const char *open = find(t, "caller "), *colon;
	struct state *state = event->state;

	state->started = true;
	colon = open ? memchr(open, ':', t->end - open) : NULL;
	if (!colon)
		return;
	set_what(event, t, colon + 1);
	if (find(t, "Kernel trap at"))
		read_trap(event, t);
	else if (find(t, "Kernel data abort") ||
		 find(t, "Kernel instruction fetch abort"))
		read_abort(event, t);
	else if (powerpc_read_trap(event, colon + 1, t->end))
		state->trap_seen = true;
}

/* "Unresolved kernel trap(cpu 0): 0x300 - Data access DAR=0x… PC=0x…" */
static void read_unresolved(struct event *event, const struct text *t)
{
	const char *colon = find(t, "): ");
	struct state *state = event->state;

	state->started = true;
	if (colon)
		state->trap_seen = powerpc_read_trap(event, colon + 3, t->end);
}

static struct panic_context *context_of(struct panic *p)
{
	return p->context_count ? &p->contexts[p->context_count - 1]
				: panic_add_context(p, "Backtrace");
}

static void set_function(struct trace_place *place, const char *name, size_t length)
{
	char *plain;

	if (length >= sizeof(place->function))
		length = sizeof(place->function) - 1;
	memcpy(place->function, name, length);
	place->function[length] = 0;
	plain = demangle(place->function);
	if (plain)
		snprintf(place->function, sizeof(place->function), "%s", plain);
	else if (place->function[0] == '_')
		memmove(place->function, place->function + 1, length);
	free(plain);
}

/* "mach_kernel : _panic + 0x84" behind the addresses */
static void read_symbol(struct trace_place *place, const struct text *t)
{
	const char *colon = find(t, " : "), *plus, *name;

	if (!colon)
		return;
	snprintf(place->module, sizeof(place->module), "%.*s", (int)(colon - t->p), t->p);
	if (!strcmp(place->module, "mach_kernel"))
		place->module[0] = 0;
	name = colon + 3;
	plus = memmem(name, t->end - name, " + ", 3);
	set_function(place, name, (plus ? plus : t->end) - name);
	if (plus)
		place->offset = number_at(plus + 3, t);
}

static bool read_frame(struct event *event, const struct text *t)
{
	struct panic *p = &event->panic;
	struct trace_place place = { 0 };
	const char *colon = find(t, " : ");
	struct panic_context *context;

	if (starts(t, "lr: 0x")) {
		place.address = strip_signature(p, number_at(t->p + 4, t));
	} else if (starts(t, "0x") && colon) {
		struct text rest = { colon + 3, t->end };

		place.address = number_at(rest.p, t);
		while (rest.p < rest.end && !isspace((unsigned char)*rest.p))
			rest.p++;
		while (rest.p < rest.end && isspace((unsigned char)*rest.p))
			rest.p++;
		read_symbol(&place, &rest);
	} else {
		return false;
	}
	context = place.address ? context_of(p) : NULL;
	if (context)
		error_destroy(panic_add_place(context, &place, FRAME_RETURN, t->p,
					      t->end - t->p));
	return true;
}

static void add_bound(struct event *event, uint64_t base)
{
	struct state *state = event->state;

	if (base && state->bound_count < BOUND_LIMIT)
		state->bounds[state->bound_count++] = base;
}

/* "dependency: com.example.family(1.0)[UUID]@0xbase->0xend": where others begin. */
static void read_dependency(struct event *event, const struct text *t)
{
	const char *at = find(t, "@0x");

	if (at)
		add_bound(event, strip_signature(&event->panic, number_at(at + 1, t)));
}

/* "com.example.driver(1.0)[UUID]@0xbase->0xend" */
static bool read_kext(struct event *event, const struct text *t)
{
	const char *open = find(t, "("), *uuid = find(t, ")["), *at = find(t, "]@0x");
	const char *arrow = find(t, "->0x");
	struct panic_module *module;
	char id[64] = "";
	size_t out = 0;

	if (!open || open == t->p || memchr(t->p, ' ', open - t->p))
		return false;
	if (!at)
		at = find(t, ")@0x");
	if (!at)
		return false;
	module = panic_add_module(&event->panic, t->p, open - t->p);
	if (!module)
		return true;
	for (const char *c = uuid ? uuid + 2 : at; c < at && out < sizeof(id) - 1; c++)
		if (isxdigit((unsigned char)*c))
			id[out++] = (char)tolower((unsigned char)*c);
	if (uuid)
		set_text(&module->version, open + 1, uuid);
	else
		set_text(&module->version, open + 1, at);
	if (out == 32)
		panic_set(&module->build_id, id, out);
	module->base = strip_signature(&event->panic, number_at(at + 2, t));
	add_bound(event, module->base);
	if (arrow)
		module->size = strip_signature(&event->panic, number_at(arrow + 2, t)) -
			       module->base + 1;
	return true;
}

static void read_uuid(struct panic *p, const char *from, const struct text *t)
{
	char id[33] = "";
	size_t out = 0;

	for (; from < t->end && out < 32; from++)
		if (isxdigit((unsigned char)*from))
			id[out++] = (char)tolower((unsigned char)*from);
	if (out == 32)
		panic_set(&p->kernel_build_id, id, out);
}

/* "Darwin Kernel Version 16.1.0: …; root:xnu-3789.21.4~4/RELEASE_X86_64" */
static void read_darwin(struct panic *p, const struct text *t)
{
	const char *version = find(t, "Darwin Kernel Version ");
	const char *colon = version ? memchr(version, ':', t->end - version) : NULL;
	_strbuf_ struct strbuf text = STRBUF_INIT;

	if (!colon)
		return;
	strbuf_addf(&text, "Darwin %.*s",
		    (int)(colon - version - strlen("Darwin Kernel Version ")),
		    version + strlen("Darwin Kernel Version "));
	if (!text.failed)
		panic_set(&p->release, text.data, text.length);
	if (find(t, "ARM64"))
		panic_set(&p->arch, "arm64", 5);
	else if (find(t, "X86_64"))
		panic_set(&p->arch, "x86_64", 6);
	else if (find(t, "I386"))
		panic_set(&p->arch, "i386", 4);
	else if (find(t, "PPC"))
		panic_set(&p->arch, "ppc", 3);
}

/* "Fault CR2: 0x…, Error code: 0x…, Fault CPU: 0x0" */
static void read_error_code(struct panic *p, const struct text *t, const char *at)
{
	const char *address = find(t, "Fault CR2: 0x");

	if (address)
		panic_add_register(p, "cr2", 3,
				   number_at(address + strlen("Fault CR2: "), t));
	panic_add_register(p, "error", 5, number_at(at + strlen("Error code: "), t));
}

static bool read_words(struct event *event, const struct text *t)
{
	struct panic *p = &event->panic;
	const char *pid, *at;

	if (find(t, "Darwin Kernel Version "))
		read_darwin(p, t);
	else if (starts(t, "Kernel UUID:"))
		read_uuid(p, t->p + 12, t);
	else if (starts(t, "BSD process name corresponding to current thread:"))
		set_text(&p->process, t->p + 49, t->end);
	else if (starts(t, "Panicked task") && (pid = find(t, ": pid ")) &&
		 memchr(pid + 6, ':', t->end - pid - 6))
		set_text(&p->process,
			 (const char *)memchr(pid + 6, ':', t->end - pid - 6) + 1,
			 t->end);
	else if ((at = find(t, "Error code: 0x")))
		read_error_code(p, t, at);
	else if (starts(t, "System model name:"))
		set_text(&p->hardware, t->p + 18, t->end);
	else if (starts(t, "Kernel slide:") || starts(t, "Kernel text exec slide:")) {
		/* Code of Apple silicon's kernel has a slide of its own, told later. */
		p->kernel_offset = number_at(strchr(t->p, ':') + 1, t);
		p->kernel_offset_known = true;
	} else {
		return false;
	}
	return true;
}

/* "RAX: 0x…, RBX: 0x…" and "x0:  0x… x1: 0x…" */
static bool read_registers(struct event *event, const struct text *t)
{
	const char *p = t->p;
	int count = 0;

	while (p < t->end) {
		const char *name = p, *colon;

		while (p < t->end && isalnum((unsigned char)*p))
			p++;
		colon = p;
		if (colon == name || colon - name > 4 || colon >= t->end || *colon != ':')
			break;
		p = colon + 1;
		while (p < t->end && *p == ' ')
			p++;
		if (t->end - p < 4 || p[0] != '0' || p[1] != 'x')
			break;
		panic_add_register(&event->panic, name, colon - name, number_at(p, t));
		count++;
		while (p < t->end && isalnum((unsigned char)*p))
			p++;
		while (p < t->end && (*p == ',' || *p == ' '))
			p++;
	}
	return count > 0;
}

static size_t word_length(const char *p, const struct text *t)
{
	size_t length = 0;

	while (p + length < t->end && !isspace((unsigned char)p[length]) &&
	       p[length] != ',')
		length++;
	return length;
}

/* "CORE 3: PC=0x…, LR=0x…, FP=0x…": what the others did when one panicked. */
static bool read_core(struct event *event, const struct text *t)
{
	static const char *const keys[] = { "PC=", "LR=" };
	struct panic *p = &event->panic;
	struct panic_context *context;
	char name[32];
	const char *colon;

	if (!starts(t, "CORE ") || !(colon = find(t, ": PC=")))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(colon - t->p), t->p);
	context = panic_add_context(p, name);
	for (size_t i = 0; context && i < 2; i++) {
		const char *at = find(t, keys[i]);
		uint64_t address =
			at ? strip_signature(p, number_at(at + strlen(keys[i]), t)) : 0;
		struct trace_place place = { .address = address };

		/* Addresses of processes have the uppermost bits clear. */
		if (address >> 63)
			error_destroy(panic_add_place(context, &place,
						      i ? FRAME_RETURN : FRAME_EXACT, at,
						      word_length(at, t)));
	}
	return true;
}

/* "com.example.driver	1.0" below "loaded kexts:" */
static bool read_loaded(struct event *event, const struct text *t)
{
	const char *space = t->p;
	struct panic_module *module;

	while (space < t->end && !isspace((unsigned char)*space))
		space++;
	if (space == t->end || !memchr(t->p, '.', space - t->p) || *t->p == '@')
		return false;
	for (size_t i = 0; i < event->panic.module_count; i++)
		if (!strncmp(event->panic.modules[i].name, t->p, space - t->p) &&
		    !event->panic.modules[i].name[space - t->p])
			return true;
	module = panic_add_module(&event->panic, t->p, space - t->p);
	if (module)
		set_text(&module->version, space, t->end);
	return true;
}

/* The panicked thread's stack begins; those of other cores may stand before it. */
static void start_backtrace(struct event *event)
{
	struct panic *p = &event->panic;

	if (!p->context_count ||
	    strcmp(p->contexts[p->context_count - 1].name, "Backtrace"))
		panic_add_context(p, "Backtrace");
}

static bool read_headers(struct event *event, const struct text *t)
{
	struct state *state = event->state;

	if (starts(t, "Kernel Extensions in backtrace") ||
	    starts(t, "Kernel loadable modules in backtrace")) {
		state->kexts = true;
	} else if (starts(t, "loaded kexts:")) {
		state->kexts = false;
		state->loaded = true;
	} else if (starts(t, "dependency:")) {
		read_dependency(event, t);
	} else if (starts(t, "Backtrace") || find(t, ", backtrace: 0x")) {
		start_backtrace(event);
		read_words(event, t);
	} else {
		return false;
	}
	return true;
}

static void read_text(struct event *event, struct text t)
{
	struct state *state = event->state;

	while (t.p < t.end && isspace((unsigned char)*t.p))
		t.p++;
	while (t.end > t.p && isspace((unsigned char)t.end[-1]))
		t.end--;
	if (t.p == t.end)
		return;
	if (!state->started) {
		if (find(&t, "Unresolved kernel trap(cpu"))
			read_unresolved(event, &t);
		else if (find(&t, "panic(cpu"))
			read_first(event, &t);
		return;
	}
	state->foreign++;
	if (powerpc_read(event, &state->powerpc, t.p, t.end) || read_headers(event, &t) ||
	    (state->kexts && read_kext(event, &t)) || read_core(event, &t) ||
	    read_frame(event, &t) || read_words(event, &t) || read_registers(event, &t) ||
	    (state->loaded && read_loaded(event, &t)))
		state->foreign = 0;
}

static bool begin(struct event *event, const struct logline *line, const char *at)
{
	(void)line;
	(void)at;
	event->state = calloc(1, sizeof(struct state));
	return event->state != NULL;
}

/* The end of a hexadecimal escape "\u00e9": only what is ASCII matters here. */
static char unescape(const char **p, const char *end)
{
	char c = **p;

	++*p;
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'u':
		*p += end - *p < 4 ? end - *p : 4;
		return '?';
	default:
		return c;
	}
}

/* The text of the JSON string that follows the key at @p. */
static void read_json(struct event *event, const char *p, const char *end)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;

	while (p < end && *p != ':')
		p++;
	while (p < end && *p != '"')
		p++;
	for (p++; p < end && *p != '"';) {
		char c = *p++;

		if (c == '\\' && p < end)
			c = unescape(&p, end);
		strbuf_addc(&text, c);
	}
	for (const char *line = strbuf_string(&text); *line;) {
		size_t length = strcspn(line, "\n");

		read_text(event, (struct text){ line, line + length });
		line += length + (line[length] == '\n');
	}
}

static bool consume_json(struct event *event, const struct logline *line)
{
	static const char *const keys[] = { "\"macOSPanicString\"", "\"panicString\"" };
	struct state *state = event->state;

	if (state->json)
		return false;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *key =
			memmem(line->raw, line->raw_length, keys[i], strlen(keys[i]));

		if (key)
			read_json(event, key + strlen(keys[i]),
				  line->raw + line->raw_length);
	}
	state->json = true;
	return true;
}

static bool consume_text(struct event *event, const struct logline *line)
{
	struct state *state = event->state;

	if (state->foreign > FOREIGN_LIMIT)
		return false;
	if (state->started && logline_find(line, "Unresolved kernel trap(cpu "))
		return false;
	if (state->started && logline_find(line, "panic(cpu ")) {
		/* PowerPC panics on account of its own trap, and tells all of it again.
		 */
		if (!event->panic.arch || strcmp(event->panic.arch, "ppc") ||
		    !state->trap_seen || state->powerpc.silent ||
		    !logline_find(line, " - "))
			return false;
		state->powerpc.silent = true;
		return true;
	}
	read_text(event, (struct text){ line->text, line->text + line->length });
	return true;
}

/* What handles the panic itself. */
static const char *const handlers[] = {
	"handle_debugger_trap",
	"kdp_i386_trap",
	"kernel_trap",
	"return_from_trap",
	"trap_from_kernel",
	"DebuggerTrapWithState",
	"panic_trap_to_debugger",
	"panic",
	"Debugger",
	"DebuggerWithContext",
	"panic_with_options",
	"panic_double_fault64",
	"sleh_synchronous",
	"fleh_synchronous",
	"handle_kernel_abort",
	"panic_trap_to_debugger_with_options",
	"handle_panic",
	"panic_kernel",
};

static bool is_handler(const char *name)
{
	size_t length = strcspn(name, ".");

	for (size_t i = 0; i < sizeof(handlers) / sizeof(*handlers); i++)
		if (strlen(handlers[i]) == length && !strncmp(handlers[i], name, length))
			return true;
	return false;
}

static const struct panic_module *module_at(const struct panic *p, uint64_t address)
{
	for (size_t i = 0; i < p->module_count; i++)
		if (address - p->modules[i].base < p->modules[i].size)
			return &p->modules[i];
	return NULL;
}

/* Gives frames the kext they lie in. */
static void name_modules(struct panic *p, struct panic_context *context)
{
	for (size_t i = 0; i < context->frames.count; i++) {
		struct frame *frame = &context->frames.items[i];
		const struct panic_module *module = module_at(p, frame->address);

		if (module && !frame->module)
			frame->module = strdup(module->name);
	}
}

/*
 * The end of a kext whose base alone is told (up to 10.4): where the next one begins.
 */
static void bound_modules(struct event *event)
{
	struct panic *p = &event->panic;
	const struct state *state = event->state;

	for (size_t i = 0; i < p->module_count; i++) {
		struct panic_module *module = &p->modules[i];

		if (!module->base || module->size)
			continue;
		module->size = KEXT_LIMIT;
		for (size_t j = 0; j < state->bound_count; j++)
			if (state->bounds[j] > module->base &&
			    state->bounds[j] - module->base < module->size)
				module->size = state->bounds[j] - module->base;
	}
}

/*
 * The kext that is not the system's own, nearest to the panic; else the function above
 * the handlers of the panic.
 */
static void accuse(struct event *event, struct panic_context *context)
{
	struct panic *p = &event->panic;
	const struct frame *chosen = NULL, *foreign = NULL;
	const char *clone;

	for (size_t i = 0; i < context->frames.count; i++) {
		const struct frame *frame = &context->frames.items[i];

		if (frame->module && !foreign && strncmp(frame->module, "com.apple.", 10))
			foreign = frame;
		if (frame->function && is_handler(frame->function)) {
			if (!foreign)
				chosen = NULL;
			continue;
		}
		if (!chosen && (frame->function || frame->module))
			chosen = frame;
	}
	if (foreign)
		chosen = foreign;
	/* Without what the compiler calls its parts. */
	clone = chosen && chosen->function ? strstr(chosen->function, " [clone") : NULL;
	if (chosen && chosen->function)
		set_text(&p->function, chosen->function,
			 clone ? clone : chosen->function + strlen(chosen->function));
	if (chosen && chosen->module)
		set_text(&p->module, chosen->module,
			 chosen->module + strlen(chosen->module));
}

static const struct panic_register *find_register(const struct panic *p, const char *name)
{
	for (size_t i = 0; i < p->register_count; i++)
		if (!strcmp(p->registers[i].name, name))
			return &p->registers[i];
	return NULL;
}

/*
 * What trapped, by the registers of the machine: Intel's CR2 and error code, ARM's FAR
 * and ESR (WnR, and the class of the exception), PowerPC's DAR and DSISR.
 */
static const struct {
	const char *address, *cause;
	uint64_t write; /* this bit of the cause */
} traps[] = {
	{ "cr2", "error", 1 << 1 },
	{ "far", "esr", 1 << 6 },
	{ "dar", "dsisr", 1 << 25 },
};

static void read_access(struct event *event)
{
	struct panic *p = &event->panic;
	char text[96], place[40];

	if (strcmp(p->type, "MEMORY_SAFETY_BUG"))
		return;
	for (size_t i = 0; i < sizeof(traps) / sizeof(*traps); i++) {
		const struct panic_register *address = find_register(p, traps[i].address);
		const struct panic_register *cause = find_register(p, traps[i].cause);

		if (!address)
			continue;
		if (address->value < 4096) {
			p->type = "NULL-POINTER-DEREFERENCE";
			snprintf(place, sizeof(place),
				 address->value ? "NULL+0x%llx" : "NULL",
				 (unsigned long long)address->value);
		} else {
			snprintf(place, sizeof(place), "0x%llx",
				 (unsigned long long)address->value);
		}
		snprintf(text, sizeof(text), "%s %s",
			 !cause				 ? "access to"
			 : cause->value & traps[i].write ? "write to"
							 : "read from",
			 place);
		panic_set(&p->reading, text, strlen(text));
		return;
	}
}

/* The place that trapped stands among the return addresses, and is none. */
static void mark_trap(struct event *event, struct panic_context *context)
{
	const struct state *state = event->state;
	const struct panic *p = &event->panic;
	static const char *const counters[] = { "rip", "eip", "pc" };
	uint64_t counter = state->counter;

	for (size_t i = 0; state->trap_seen && !counter && i < 3; i++) {
		const struct panic_register *pc = find_register(p, counters[i]);

		counter = pc ? strip_signature(p, pc->value) : 0;
	}
	for (size_t i = 0; counter && i < context->frames.count; i++)
		if (context->frames.items[i].address == counter)
			context->frames.items[i].kind = FRAME_EXACT;
}

/* The stack of who panicked: not that of another core. */
static struct panic_context *panicked(struct panic *p)
{
	for (size_t i = 0; i < p->context_count; i++)
		if (p->contexts[i].frames.count &&
		    strncmp(p->contexts[i].name, "CORE ", 5) != 0)
			return &p->contexts[i];
	return NULL;
}

static void finish(struct event *event)
{
	struct panic *p = &event->panic;
	struct panic_context *context = panicked(p);
	const struct state *state = event->state;

	if (state->trap_seen)
		read_access(event);
	bound_modules(event);
	for (size_t i = 0; i < p->context_count; i++)
		name_modules(p, &p->contexts[i]);
	if (!context)
		return;
	context->guilty = true;
	mark_trap(event, context);
	accuse(event, context);
}

static const char *const within_json[] = { "anicString\"", NULL };

static const struct pattern text_patterns[] = {
	{ "Unresolved kernel trap(cpu ", "DoS", PANIC_FATAL, BLAME_NOBODY,
	  "panic: {w} in {f}", NULL, begin, within_json, false },
	{ "panic(cpu ", "DoS", PANIC_FATAL, BLAME_NOBODY, "panic: {w} in {f}", NULL,
	  begin, within_json, false },
	{ NULL },
};

static const struct pattern json_patterns[] = {
	{ "\"macOSPanicString\"", "DoS", PANIC_FATAL, BLAME_NOBODY, "panic: {w} in {f}",
	  NULL, begin, NULL, false },
	{ "\"panicString\"", "DoS", PANIC_FATAL, BLAME_NOBODY, "panic: {w} in {f}", NULL,
	  begin, NULL, false },
	{ NULL },
};

static const struct dialect dialect_macos_text = {
	.name = "macos-text",
	.summary = "panic reports of macOS 10.3 to 10.13, and pasted ones of any release",
	.os = "macos",
	.title_dialect = "macos-text",
	.patterns = text_patterns,
	.consume = consume_text,
	.finish = finish,
};
REGISTER(dialect, dialect_macos_text);

static const struct dialect dialect_macos_json = {
	.name = "macos-json",
	.summary = ".panic and .ips files of macOS 10.14 on, Intel and Apple silicon",
	.os = "macos",
	.title_dialect = "macos-json",
	.patterns = json_patterns,
	.consume = consume_json,
	.finish = finish,
};
REGISTER(dialect, dialect_macos_json);
