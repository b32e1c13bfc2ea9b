/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/kbuild_base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/array.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "linter/source/make.h"
#include "report/json.h"

enum { MAKE_SECONDS = 120, CACHE_VERSION = 1 };

#define MARK "bookend-value "

static const char probe[] =
	"obj-m := " KBUILD_PROBE ".o\n"
	"$(foreach v,srctree objtree VERSION PATCHLEVEL SUBLEVEL EXTRAVERSION "
	"KERNELVERSION KERNELRELEASE ARCH SRCARCH UTS_MACHINE BITS CC LD HOSTCC "
	"CONFIG_SHELL,$(info " MARK "$v=$($v)))\n";

void kbuild_base_destroy(struct kbuild_base *base)
{
	if (!base)
		return;
	make_destroy(base->variables);
	unit_commands_deinit(&base->commands);
	free(base->headers);
	free(base);
}

/* What the answer depends on, as one text. */
static void add_stamp(const char *headers, struct strbuf *ret)
{
	static const char *const files[] = { "Makefile", ".config",
					     "include/config/auto.conf",
					     "include/generated/autoconf.h",
					     "include/generated/utsrelease.h" };

	strbuf_addf(ret, "%d:%s", CACHE_VERSION, headers);
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		_free_ char *path = NULL;
		struct stat s = { 0 };

		if (asprintf(&path, "%s/%s", headers, files[i]) < 0) {
			path = NULL;
			ret->failed = true;
			return;
		}
		if (!stat(path, &s))
			strbuf_addf(ret, ":%lld.%ld.%lld.%llu",
				    (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec,
				    (long long)s.st_size, (unsigned long long)s.st_ino);
	}
}

/* Where the answer is kept; NULL in @ret: nowhere. */
static struct error *cache_path(const char *stamp, char **ret)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char digest[DIGEST_HEX_SIZE];
	int n = 0;

	digest_sha256(stamp, strlen(stamp), digest);
	*ret = NULL;
	if (cache && *cache == '/')
		n = asprintf(ret, "%s/bookend/kbuild/%.32s.txt", cache, digest);
	else if (home && *home == '/')
		n = asprintf(ret, "%s/.cache/bookend/kbuild/%.32s.txt", home, digest);
	if (n < 0)
		return *ret = NULL, error_nomem();
	return NULL;
}

/* What make prints for the empty module. */
static struct error *ask(const char *headers, const char *folder, struct strbuf *ret)
{
	_free_ char *m = NULL, *pwd = NULL, *makefile = NULL, *source = NULL;
	const char *argv[] = { "make", "-n",  "-k",	 "-C", headers,
			       NULL,   "V=1", "modules", NULL };
	const char *extra[] = { "MAKEFLAGS=", "LC_ALL=C", NULL, NULL };
	struct process_options options = { .folder = folder,
					   .extra = extra,
					   .timeout_ns = MAKE_SECONDS * 1000000000ULL,
					   .keep_stderr = true };
	struct process_result result = { 0 };
	struct error *error = file_join(folder, "Kbuild", &makefile);

	if (!error)
		error = file_join(folder, KBUILD_PROBE ".c", &source);
	if (!error && (asprintf(&m, "M=%s", folder) < 0))
		return m = NULL, error_nomem();
	if (!error && (asprintf(&pwd, "PWD=%s", folder) < 0))
		return pwd = NULL, error_nomem();
	if (!error)
		error = file_write(makefile, probe, sizeof(probe) - 1, 0600);
	if (!error)
		error = file_write(source, "", 0, 0600);
	argv[5] = m;
	extra[2] = pwd;
	if (!error)
		error = process_run(argv, &options, &result);
	*ret = result.output;
	return error;
}

static struct error *ask_make(const char *headers, struct strbuf *ret)
{
	const char *tmp = getenv("TMPDIR");
	_free_ char *folder = NULL;
	struct error *error;

	if (asprintf(&folder, "%s/bookend-kbuild-XXXXXX",
		     tmp && *tmp == '/' ? tmp : "/tmp") < 0)
		return folder = NULL, error_nomem();
	if (!mkdtemp(folder))
		return error_new(ERROR_SYSTEM, "%s: cannot make a folder", folder);
	error = ask(headers, folder, ret);
	error_destroy(file_remove_tree(folder));
	return error;
}

/* "bookend-value NAME=VALUE" lines */
static struct error *read_values(const char *text, struct kbuild_base *base)
{
	struct error *error = NULL;

	for (const char *at = strstr(text, MARK); !error && at; at = strstr(at, MARK)) {
		size_t length;
		_free_ char *line = NULL;
		char *equal;

		at += sizeof(MARK) - 1;
		length = strcspn(at, "\n");
		line = strndup(at, length);
		if (!line)
			return error_nomem();
		equal = strchr(line, '=');
		if (!equal)
			continue;
		*equal++ = 0;
		error = make_set(base->variables, line, equal, MAKE_FILE);
		if (!strcmp(line, "VERSION"))
			base->version = (unsigned int)atoi(equal);
		else if (!strcmp(line, "PATCHLEVEL"))
			base->patchlevel = (unsigned int)atoi(equal);
	}
	return error;
}

/* Keeps what is needed of the answer: the values, and one line that compiles. */
static void digest_answer(const char *answer, struct strbuf *ret)
{
	for (const char *at = answer; *at;) {
		size_t length = strcspn(at, "\n");
		bool value = !strncmp(at, MARK, sizeof(MARK) - 1);
		bool compiles = memmem(at, length, " -c -o ", 7) &&
				memmem(at, length, KBUILD_PROBE ".c",
				       sizeof(KBUILD_PROBE ".c") - 1);

		if (value || compiles) {
			strbuf_add(ret, at, length);
			strbuf_addc(ret, '\n');
		}
		at += length + (at[length] == '\n');
	}
}

static struct error *read_answer(const char *text, struct kbuild_base *base)
{
	_free_ char *config = NULL;
	struct error *error =
		file_join(base->headers, "include/config/auto.conf", &config);

	if (!error)
		error = make_read_config(base->variables, config);
	if (!error)
		error = read_values(text, base);
	if (!error)
		error = command_read_make((struct span){ (const uint8_t *)text,
							 strlen(text) },
					  base->headers, &base->commands);
	if (!error && (!base->commands.count || !base->version))
		error = error_new(ERROR_INPUT,
				  "%s: kbuild does not say how a module is "
				  "compiled",
				  base->headers);
	return error;
}

/* The answer from the cache, or from make; then it is kept, where that can be. */
static struct error *find_answer(const char *headers, char **ret)
{
	_strbuf_ struct strbuf stamp = STRBUF_INIT, answer = STRBUF_INIT,
			       digest = STRBUF_INIT;
	_free_ char *path = NULL, *slash = NULL, *kept = NULL;
	struct error *error;

	add_stamp(headers, &stamp);
	error = strbuf_error(&stamp);
	if (!error)
		error = cache_path(strbuf_string(&stamp), &path);
	if (error)
		return error;
	if (path) {
		error = file_read_text(path, 1 << 20, &kept);
		error_destroy(error);
	}
	if (kept && strstr(kept, KBUILD_PROBE ".c")) {
		*ret = take(kept);
		return NULL;
	}
	error = ask_make(headers, &answer);
	if (error)
		return error;
	digest_answer(strbuf_string(&answer), &digest);
	if (path && strstr(strbuf_string(&digest), KBUILD_PROBE ".c")) {
		slash = strdup(path);
		if (!slash)
			return error_nomem();
		*strrchr(slash, '/') = 0;
		error = file_make_folder(slash, 0700);
		if (!error)
			error = file_write(path, strbuf_string(&digest), digest.length,
					   0600);
		/* a cache that cannot be written only costs time */
		error_destroy(error);
	}
	return strbuf_steal(&digest, ret);
}

struct error *kbuild_base_create(const char *headers, struct kbuild_base **ret)
{
	_cleanup_(kbuild_base_destroy) struct kbuild_base *base =
		calloc(1, sizeof(*base));
	_free_ char *text = NULL;
	struct error *error;

	if (!base)
		return error_nomem();
	base->headers = realpath(headers, NULL);
	if (!base->headers)
		return error_new(ERROR_INPUT, "%s: there is no such folder", headers);
	error = make_create(NULL, &(struct make_settings){ base->headers, NULL },
			    &base->variables);
	if (!error)
		error = find_answer(base->headers, &text);
	if (!error)
		error = read_answer(text, base);
	if (!error)
		*ret = take(base);
	return error;
}
