/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bookend explain: what the catalogue says of a rule. */
#include <fnmatch.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "common/error.h"
#include "common/strbuf.h"
#include "common/style.h"
#include "common/tool.h"
#include "report/catalogue.h"
#include "report/json.h"

struct values {
	struct string_list rules;
	bool json;
};

static const struct option options[] = {
	{ OPTION_LIST, 0, "rules", "DIR", offsetof(struct values, rules),
	  "Further rule files, repeatable." },
	{ OPTION_FLAG, 0, "json", .offset = offsetof(struct values, json),
	  .help = "As JSON: an array of rules." },
	OPTIONS_END
};

enum { WIDTH = 78 };

/* Paragraphs wrapped at words; lines that begin with a blank are left as they are. */
static void add_text(struct strbuf *out, const char *text, size_t indent)
{
	while (*text) {
		size_t line = 0;

		while (text[line] && text[line] != '\n')
			line++;
		if (line)
			strbuf_pad(out, ' ', indent);
		for (size_t i = 0, column = indent; i < line;) {
			size_t word = 0;

			while (i + word < line && (text[i + word] != ' ' || !word))
				word++;
			if (*text != ' ' && column > indent && column + word > WIDTH) {
				strbuf_addc(out, '\n');
				strbuf_pad(out, ' ', indent);
				column = indent;
				word -= text[i] == ' ';
				i += text[i] == ' ';
			}
			strbuf_add(out, text + i, word);
			column += word;
			i += word;
		}
		strbuf_addc(out, '\n');
		text += line + (text[line] == '\n');
	}
}

static void add_example(struct strbuf *out, const char *label, const char *text,
			const char *colour, const struct style *s)
{
	if (!text)
		return;
	strbuf_addf(out, "\n  %s%s%s\n", colour, label, s->reset);
	while (*text) {
		size_t line = 0;

		while (text[line] && text[line] != '\n')
			line++;
		strbuf_adds(out, line ? "      " : "");
		strbuf_add(out, text, line);
		strbuf_addc(out, '\n');
		text += line + (text[line] == '\n');
	}
}

static void add_rule(struct strbuf *out, const struct rule *rule, const struct style *s)
{
	strbuf_addf(out, "%s%s%s  %s\n\n  ", s->bold, rule->id, s->reset, rule->title);
	for (size_t i = 0; i < PROFILE_COUNT; i++)
		strbuf_addf(out, "%s%s: %s", i ? ", " : "", profile_names[i],
			    level_name(rule->levels[i]));
	strbuf_adds(out, "\n  looks at: ");
	for (size_t i = 0; rule->subjects[i]; i++)
		strbuf_addf(out, "%s%s", i ? ", " : "", rule->subjects[i]);
	strbuf_adds(out, "\n\n");
	add_text(out, rule->explanation, 2);
	add_example(out, "Bad", rule->bad, s->red, s);
	add_example(out, "Good", rule->good, s->green, s);
	if (rule->references && rule->references[0])
		strbuf_adds(out, "\n  See\n");
	for (size_t i = 0; rule->references && rule->references[i]; i++)
		strbuf_addf(out, "      %s\n", rule->references[i]);
}

static json_t *string_array(const char *const *list)
{
	json_t *array = json_array();

	for (size_t i = 0; list && list[i]; i++)
		json_array_append_new(array, json_any_string(list[i]));
	return array;
}

static struct error *rule_to_json(const struct rule *rule, json_t **ret)
{
	struct json_builder b, levels;
	json_t *object = NULL;
	struct error *error;

	json_builder_init(&levels);
	for (size_t i = 0; i < PROFILE_COUNT; i++)
		json_builder_string(&levels, profile_names[i],
				    level_name(rule->levels[i]));
	error = json_builder_finish(&levels, &object);
	if (error)
		return error;
	json_builder_init(&b);
	json_builder_string(&b, "id", rule->id);
	json_builder_string(&b, "title", rule->title);
	json_builder_value(&b, "levels", object);
	json_builder_value(&b, "subjects", string_array(rule->subjects));
	json_builder_string(&b, "since", rule->since);
	json_builder_string(&b, "explanation", rule->explanation);
	json_builder_string(&b, "bad", rule->bad);
	json_builder_string(&b, "good", rule->good);
	json_builder_value(&b, "references", string_array(rule->references));
	return json_builder_finish(&b, ret);
}

/* "kom013" and "KOM*" too. */
static bool is_asked(const struct rule *rule, const struct string_list *ids)
{
	for (size_t i = 0; i < ids->count; i++)
		if (!fnmatch(ids->items[i], rule->id, FNM_CASEFOLD))
			return true;
	return false;
}

static struct error *check_ids(const struct catalogue *catalogue,
			       const struct string_list *ids)
{
	for (size_t i = 0; i < ids->count; i++) {
		struct string_list one = { &ids->items[i], 1, 1 };
		bool found = false;

		for (size_t k = 0; k < catalogue_count(catalogue); k++)
			found |= is_asked(catalogue_at(catalogue, k), &one);
		if (!found)
			return error_new(ERROR_USAGE,
					 "there is no rule '%s': 'bookend explain' "
					 "lists them",
					 ids->items[i]);
	}
	return NULL;
}

static struct error *print_json(const struct catalogue *catalogue,
				const struct string_list *ids)
{
	struct error *error = NULL;
	json_t *array = json_array();

	for (size_t i = 0; !error && i < catalogue_count(catalogue); i++) {
		const struct rule *rule = catalogue_at(catalogue, i);
		json_t *json = NULL;

		if (ids->count && !is_asked(rule, ids))
			continue;
		error = rule_to_json(rule, &json);
		if (!error)
			json_array_append_new(array, json);
	}
	if (!error) {
		json_dumpf(array, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
		putchar('\n');
	}
	json_decref(array);
	return error;
}

static struct error *print_text(const struct catalogue *catalogue,
				const struct string_list *ids)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;
	struct style style = style_for(STDOUT_FILENO);
	bool first = true;

	for (size_t i = 0; i < catalogue_count(catalogue); i++) {
		const struct rule *rule = catalogue_at(catalogue, i);

		if (!ids->count) {
			strbuf_addf(&out, "%s%-8s%s %-10s %s\n", style.bold, rule->id,
				    style.reset, level_name(rule->levels[PROFILE_CI]),
				    rule->title);
		} else if (is_asked(rule, ids)) {
			strbuf_adds(&out, first ? "" : "\n");
			add_rule(&out, rule, &style);
			first = false;
		}
	}
	fputs(strbuf_string(&out), stdout);
	return strbuf_error(&out);
}

static struct error *run(void *data, const struct string_list *operands,
			 enum exit_status *ret)
{
	_cleanup_(catalogue_destroy) struct catalogue *catalogue = NULL;
	const struct values *values = data;
	struct error *error = catalogue_create(NULL, &catalogue);

	for (size_t i = 0; !error && i < values->rules.count; i++)
		error = catalogue_add(catalogue, values->rules.items[i]);
	if (!error)
		error = check_ids(catalogue, operands);
	if (!error)
		error = values->json ? print_json(catalogue, operands)
				     : print_text(catalogue, operands);
	if (!error)
		*ret = EXIT_CLEAN;
	return error;
}

static void deinit(void *data)
{
	string_list_deinit(&((struct values *)data)->rules);
}

static const struct tool tool = {
	.command = {
		.name = "explain",
		.usage = "[OPTION]… [ID…]",
		.summary = "Says what a rule looks for, why it matters, and what to do.",
		.description = "Without ID it lists all rules with their level in profile "
			       "ci. ID may be a glob ('KOM*').",
		.examples = "bookend explain KOM013\nbookend explain --json",
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
