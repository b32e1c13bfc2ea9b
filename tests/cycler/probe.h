/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests in a VM: one machine, some modules, one program, what it said. */
#pragma once

#include <string.h>

#include "common/file.h"
#include "common/strbuf.h"
#include "target/target.h"
#include "tests/check_main.h"

struct probe {
	const char *program;	    /* beside the test: "residue_probe" */
	const char *const *helpers; /* modules of ours to load: "guest/x.ko", NULL end */
	const char *const *modules; /* modules of the kernel to bring along, NULL end */
	const char *const *words;   /* arguments, NULL end; "%r": the kernel's release */
	const char *append;	    /* words for the kernel's command line */
};

static inline struct error *probe_gather(void *context, bool diagnostic, const void *data,
					 size_t size)
{
	(void)diagnostic;
	strbuf_add(context, data, size);
	return strbuf_error(context);
}

/* "…%r…" with the release put in; owned. */
static inline char *probe_word(const char *word, const char *release)
{
	const char *at = strstr(word, "%r");
	char *full = NULL;

	if (!at)
		return strdup(word);
	ck_assert(asprintf(&full, "%.*s%s%s", (int)(at - word), word, release, at + 2) >
		  0);
	return full;
}

static inline void probe_add(struct target *t, const struct probe *p, const char *own)
{
	_free_ char *program = NULL;

	ck_assert_ok(file_join(own, p->program, &program));
	ck_assert_ok(target_add_program(t, program, "/probe"));
	for (size_t i = 0; p->helpers && p->helpers[i]; i++) {
		_free_ char *path = NULL;

		ck_assert(asprintf(&path, "%s/../../%s", own, p->helpers[i]) > 0);
		ck_assert_ok(target_add_module(t, path, true, NULL));
	}
	for (size_t i = 0; p->modules && p->modules[i]; i++)
		ck_assert_ok(target_add_module(t, p->modules[i], false, NULL));
}

/*
 * Runs it to its end. @said: its output; @console: the machine's (may be NULL; owned).
 */
static inline struct target_outcome probe_run(const struct probe *p, struct strbuf *said,
					      char **console)
{
	char folder[] = "/tmp/bookend-probe-XXXXXX";
	struct target_options options = { .folder = folder, .append = p->append };
	_cleanup_(target_destroy) struct target *t = NULL;
	_free_ char *own = NULL;
	char *argv[16] = { strdup("/probe") };
	struct target_program program = { .argv = (const char *const *)argv,
					  .context = said,
					  .output = probe_gather };
	struct target_outcome outcome;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_ok(file_own_folder(&own));
	ck_assert_ok(target_create("vm", &options, &t));
	probe_add(t, p, own);
	ck_assert_ok(target_start(t));
	for (size_t i = 0; p->words && p->words[i] && i < 14; i++)
		argv[i + 1] = probe_word(p->words[i], t->release);
	ck_assert_ok(target_run(t, &program, &outcome));
	if (console)
		ck_assert_ok(target_console(t, 1 << 20, console));
	target_destroy(take(t));
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	ck_assert_ok(file_remove_tree(folder));
	return outcome;
}

static inline void probe_expect(const struct strbuf *said, const char *text)
{
	ck_assert_msg(strstr(strbuf_string(said), text), "no '%s' in:\n%s", text,
		      strbuf_string(said));
}
