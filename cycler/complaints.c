/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/complaints.h"

#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/strbuf.h"

enum { SHOWN = 5 };

/* Texts of the kernel's own messages, stable over many releases. */
static const struct {
	const char *text, *kind;
} patterns[] = {
	{ "cannot create duplicate filename", "a name registered twice in sysfs" },
	{ "kobject_add_internal failed", "a kernel object that could not be added" },
	{ "Objects remaining in", "a slab cache destroyed with objects in it" },
	{ "kmem_cache_destroy", "a slab cache destroyed with objects in it" },
	{ "list_add corruption", "list corruption" },
	{ "list_del corruption", "list corruption" },
	{ "refcount_t:", "a reference count gone wrong" },
	{ "page allocation failure", "an allocation failure" },
	{ "vmalloc error", "an allocation failure" },
	{ "Bad page state", "a bad page" },
	{ "Bad page map", "a bad page" },
	{ "remove_proc_entry: removing non-empty",
	  "a /proc folder removed with entries in it" },
	{ "nobody cared", "an interrupt that nobody handled" },
	{ "Trying to free already-free IRQ", "an interrupt freed twice" },
	{ "Trying to vfree() nonexistent", "memory freed twice" },
	{ "DMA-API:", "a DMA mapping error" },
	{ "does not have a release() function", "a device without release function" },
	{ "leaked class_device", "a device class left behind" },
	{ "bad: scheduling from the idle thread", "sleeping where it is not allowed" },
	{ "invalid license", "a module with an unknown license" },
	{ "disagrees about version of symbol", "a module built for another kernel" },
	{ "Unknown symbol", "a module with a symbol that is not there" },
	{ "hung task", "a hung task" },
	{ "blocked for more than", "a hung task" },
	{ "soft lockup", "a soft lockup" },
	{ "detected stalls on CPUs", "an RCU stall" },
	{ "self-detected stall", "an RCU stall" },
};

/* Taint bits (Documentation/admin-guide/tainted-kernels.rst) that tell of damage. */
static const struct {
	unsigned int bit;
	char letter;
	const char *meaning;
} taints[] = {
	{ 1, 'F', "a module was force-loaded" },
	{ 3, 'R', "a module was force-unloaded" },
	{ 4, 'M', "a machine check" },
	{ 5, 'B', "a bad page" },
	{ 7, 'D', "an oops or BUG" },
	{ 9, 'W', "a warning" },
	{ 14, 'L', "a soft lockup" },
};

const char *complaint_of(const char *line)
{
	/* memory was short, perhaps because the plan wants it so: no fault of names */
	if (strstr(line, "kobject_add_internal failed") && strstr(line, "error: -12"))
		return NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++)
		if (strstr(line, patterns[i].text))
			return patterns[i].kind;
	return NULL;
}

static const char *text_of(const json_t *event)
{
	const char *text = json_string_value(json_object_get(event, "text"));

	return text ? text : "";
}

static struct error *add_kind(const json_t *lines, size_t first, const char *kind,
			      struct report *report)
{
	_strbuf_ struct strbuf message = STRBUF_INIT, evidence = STRBUF_INIT;
	const json_t *at = json_object_get(json_array_get(lines, first), "at");
	const char *step = json_string_value(json_object_get(at, "step"));
	const char *cycle = json_string_value(json_object_get(at, "cycle"));
	struct finding finding = { .rule = "LOG001",
				   .level = LEVEL_ERROR,
				   .path = "kernel.log" };
	uint64_t count = 0;

	for (size_t i = first; i < json_array_size(lines); i++) {
		const char *text = text_of(json_array_get(lines, i)),
			   *other = complaint_of(text);

		if (!other || strcmp(other, kind))
			continue;
		if (++count <= SHOWN)
			strbuf_addf(&evidence, "%s\n", text);
	}
	strbuf_addf(&message, "the kernel reports %s", kind);
	if (count > 1)
		strbuf_addf(&message, ", %llu times", (unsigned long long)count);
	if (step)
		strbuf_addf(&evidence, "first about pass %lld of %s, step %s",
			    (long long)json_integer_value(json_object_get(at, "pass")) +
				    1,
			    cycle, step);
	finding.line = (unsigned int)json_integer_value(
		json_object_get(json_array_get(lines, first), "line"));
	finding.symbol = kind;
	finding.message = strbuf_string(&message);
	finding.evidence = strbuf_string(&evidence);
	return report_add_finding(report, &finding);
}

struct error *complaints_add(const json_t *lines, const char *told, struct report *report)
{
	bool done[ARRAY_LENGTH(patterns)] = { false };
	struct error *error = NULL;

	for (size_t i = 0; !error && i < json_array_size(lines); i++) {
		const char *text = text_of(json_array_get(lines, i));
		const char *kind = complaint_of(text);

		for (size_t p = 0; kind && p < ARRAY_LENGTH(patterns); p++) {
			if (patterns[p].kind != kind && strcmp(patterns[p].kind, kind))
				continue;
			if (!done[p] && !error && !strstr(told, text))
				error = add_kind(lines, i, kind, report);
			for (size_t q = 0; q < ARRAY_LENGTH(patterns); q++)
				done[q] = done[q] || !strcmp(patterns[q].kind, kind);
		}
	}
	return error;
}

struct error *complaints_add_taint(uint64_t before, uint64_t after, struct report *report)
{
	_strbuf_ struct strbuf message = STRBUF_INIT;
	struct finding finding = { .rule = "LOG001", .level = LEVEL_ERROR };

	for (size_t i = 0; i < report->findings_count; i++)
		if (!strcmp(report->findings[i].rule, "LOG001") ||
		    !strcmp(report->findings[i].rule, "PANIC001"))
			return NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(taints); i++)
		if (!(before >> taints[i].bit & 1) && after >> taints[i].bit & 1)
			strbuf_addf(&message, "%s%c (%s)", message.length ? ", " : "",
				    taints[i].letter, taints[i].meaning);
	if (!message.length)
		return strbuf_error(&message);
	finding.symbol = "taint";
	finding.message = strbuf_string(&message);
	finding.evidence = "the kernel's taint grew while cycling";
	return report_add_finding(report, &finding);
}
