/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bookend extract: what a driver depends on and offers, and who uses a symbol. */
#include "linter/extract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "common/tool.h"
#include "linter/linux_target.h"

struct values {
	struct string_list targets;
	const char *who_uses;
	const char *output;
	bool json;
};

static const struct option options[] = {
	{ OPTION_LIST, 't', "target", "TARGET", offsetof(struct values, targets),
	  "Say who exports each import there, repeatable: linux:RELEASE, a folder of "
	  "kernel headers, or a Module.symvers file." },
	{ OPTION_STRING, 0, "who-uses", "SYMBOL", offsetof(struct values, who_uses),
	  "Of everything in PATH, only the drivers that import SYMBOL." },
	{ OPTION_FLAG, 0, "json", .offset = offsetof(struct values, json),
	  .help = "As JSON (the document that can be read again)." },
	{ OPTION_STRING, 'o', "output", "FILE", offsetof(struct values, output),
	  "Into FILE." },
	OPTIONS_END
};

static struct error *open_targets(const struct string_list *specs,
				  struct linux_targets *targets)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < specs->count; i++) {
		const char *spec = specs->items[i];

		/* other families' targets are their extractors' matter */
		if (!strncmp(spec, "macos:", 6))
			continue;
		if (!strncmp(spec, "linux:", 6))
			spec += 6;
		if (!array_grow(targets->items, targets->count, targets->capacity))
			return error_nomem();
		error = linux_target_init(spec, &targets->items[targets->count]);
		targets->count += !error;
	}
	return error;
}

static void close_targets(struct linux_targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		linux_target_deinit(&targets->items[i]);
	free(targets->items);
}

static struct error *add_json(const json_t *json, struct strbuf *out)
{
	char *text = json_dumps(json, JSON_INDENT(2) | JSON_ENCODE_ANY);

	if (!text)
		return error_nomem();
	strbuf_adds(out, text);
	strbuf_addc(out, '\n');
	free(text);
	return NULL;
}

static struct error *print_users(const struct values *values, const json_t *users,
				 const struct style *s, struct strbuf *out)
{
	if (values->json)
		return add_json(users, out);
	for (size_t i = 0; i < json_array_size(users); i++) {
		const json_t *user = json_array_get(users, i);
		const char *version = json_string_value(json_object_get(user, "version"));

		strbuf_addf(out, "%s%s%s %s%s%s\n", s->bold,
			    json_string_value(json_object_get(user, "name")), s->reset,
			    version ? version : "", version ? "  " : " ",
			    json_string_value(json_object_get(user, "path")));
	}
	strbuf_addf(out, "%zu driver%s use%s %s\n", json_array_size(users),
		    json_array_size(users) == 1 ? "" : "s",
		    json_array_size(users) == 1 ? "s" : "", values->who_uses);
	return NULL;
}

static struct error *print(const struct values *values, const struct extraction *x,
			   const struct style *s, struct strbuf *out)
{
	json_t *json = NULL;
	struct error *error = values->who_uses
				      ? extraction_who_uses(x, values->who_uses, &json)
				      : extraction_to_json(x, &json);

	if (error)
		return error;
	if (values->who_uses)
		error = print_users(values, json, s, out);
	else if (values->json)
		error = add_json(json, out);
	else
		extraction_print(json_object_get(json, "drivers"), s, out);
	json_decref(json);
	return error;
}

/* What could not be read is told, and makes the answer incomplete. */
static enum exit_status tell_unread(const struct extraction *x)
{
	for (size_t i = 0; i < json_array_size(x->not_read); i++) {
		const json_t *entry = json_array_get(x->not_read, i);

		fprintf(stderr, "bookend extract: not read: %s\n",
			json_string_value(json_object_get(entry, "why")));
	}
	return json_array_size(x->not_read) ? EXIT_INCOMPLETE : EXIT_CLEAN;
}

static struct error *run(void *data, const struct string_list *operands,
			 enum exit_status *ret)
{
	const struct values *values = data;
	struct linux_targets targets = { 0 };
	struct extraction x = { .targets = &values->targets, .linux_targets = &targets };
	struct style style = values->output ? style_plain : style_for(STDOUT_FILENO);
	_strbuf_ struct strbuf out = STRBUF_INIT;
	struct error *error = extraction_init(&x);

	if (!error && !operands->count)
		error = error_new(ERROR_USAGE,
				  "nothing to look at: give a module, kernel extension, "
				  "package or folder");
	if (!error)
		error = open_targets(&values->targets, &targets);
	for (size_t i = 0; !error && i < operands->count; i++)
		error = extraction_add(&x, operands->items[i]);
	if (!error)
		error = print(values, &x, &style, &out);
	if (!error)
		error = strbuf_error(&out);
	if (!error && values->output)
		error = file_write(values->output, strbuf_string(&out), out.length, 0666);
	else if (!error)
		fputs(strbuf_string(&out), stdout);
	if (!error)
		*ret = tell_unread(&x);
	extraction_deinit(&x);
	close_targets(&targets);
	return error;
}

static void deinit(void *data)
{
	string_list_deinit(&((struct values *)data)->targets);
}

static const struct tool tool = {
	.command = {
		.name = "extract",
		.usage = "[OPTION]… PATH…\n--who-uses SYMBOL [OPTION]… PATH…",
		.summary = "Says what a driver depends on and what it offers.",
		.description =
			"Identity, versions, imports with the module or core that exports "
			"each, exports, parameters, aliases, firmware, names, sections and wired "
			"memory: the file to send along with a question. A folder of such "
			"files (or of drivers) answers who would be hit by a change.",
		.examples = "bookend extract refdrv.ko --target linux:6.1.0-56-amd64\n"
			    "bookend extract refdrv.ko --json -o refdrv.json\n"
			    "bookend extract --who-uses dma_buf_fd drivers/",
		.options = options,
	},
	.values_size = sizeof(struct values),
	.run = run,
	.deinit = deinit,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
