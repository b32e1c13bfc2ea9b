/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/linter/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "readers/bundle.h"
#include "report/json.h"
#include "tests/linter/fixture_archive.h"

static struct error *run_tool(const char *folder, const char *const *argv)
{
	struct process_options options = { .folder = folder,
					   .timeout_ns = 300ULL * 1000000000,
					   .keep_stderr = true };
	struct process_result result = { 0 };
	struct error *error = process_run(argv, &options, &result);

	if (!error && result.status)
		error = error_new(ERROR_INPUT, "%s failed: %s", argv[0],
				  strbuf_string(&result.output));
	strbuf_deinit(&result.output);
	return error;
}

static struct error *assemble(const struct member *member, const char *to)
{
	_free_ char *object = strndup(to, strlen(to) - 2);
	_free_ char *out = NULL, *include = NULL;
	struct error *error = file_data_folder("tests/linter/fixtures", &include);
	const char *argv[] = { "as", "-I", include, "-o", NULL, member->disk, NULL };

	if (error)
		return error;
	if (!object || asprintf(&out, "%s.ko", object) < 0)
		return out = NULL, error_nomem();
	argv[2] = include;
	argv[4] = out;
	return run_tool(NULL, argv);
}

static struct error *copy_member(const struct bundle *bundle, const struct member *member,
				 const char *target)
{
	_content_ struct content content = { 0 };
	_free_ char *to = NULL;
	struct error *error = file_join(target, member->path, &to);

	if (error)
		return error;
	if (member->kind == MEMBER_FOLDER)
		return file_make_folder(to, 0755);
	if (member->kind != MEMBER_FILE || !strcmp(member->path, "fixture.json"))
		return NULL;
	if (path_ends_with(member->path, ".S"))
		return assemble(member, to);
	error = bundle_read(bundle, member, &content);
	return error ? error
		     : file_write(to, content.bytes.data, content.bytes.size, 0644);
}

static const char *text_of(const json_t *step, const char *key)
{
	return json_string_value(json_object_get(step, key));
}

static struct error *path_of(const char *folder, const json_t *step, const char *key,
			     char **ret)
{
	const char *name = text_of(step, key);

	return name ? file_join(folder, name, ret)
		    : error_new(ERROR_INPUT, "step without \"%s\"", key);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* "text" or "hex" (blanks allowed) of a step. */
static struct error *bytes_of(const json_t *step, struct strbuf *ret)
{
	const char *text = text_of(step, "text"), *hex = text_of(step, "hex");

	if (text)
		strbuf_adds(ret, text);
	while (hex && *hex) {
		if (*hex == ' ') {
			hex++;
			continue;
		}
		strbuf_addc(ret, (char)(hex_digit(hex[0]) << 4 | hex_digit(hex[1])));
		hex += 2;
	}
	return strbuf_error(ret);
}

static struct error *write_at(const char *path, const json_t *step, bool append)
{
	_strbuf_ struct strbuf bytes = STRBUF_INIT;
	_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	off_t offset = json_integer_value(json_object_get(step, "offset"));
	struct error *error = bytes_of(step, &bytes);

	if (error)
		return error;
	if (fd < 0)
		return error_errno(errno, "cannot open %s", path);
	if (append)
		offset = lseek(fd, 0, SEEK_END);
	if (pwrite(fd, bytes.data, bytes.length, offset) != (ssize_t)bytes.length)
		return error_errno(errno, "cannot write %s", path);
	return NULL;
}

static struct error *step_patch(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "patch", &path);

	return error ? error : write_at(path, step, false);
}

static struct error *step_append(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "append", &path);

	return error ? error : write_at(path, step, true);
}

static struct error *step_truncate(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "truncate", &path);

	if (!error && truncate(path, json_integer_value(json_object_get(step, "size"))))
		error = error_errno(errno, "cannot truncate %s", path);
	return error;
}

static struct error *step_chmod(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "chmod", &path);

	if (!error && chmod(path, strtoul(text_of(step, "mode"), NULL, 8)))
		error = error_errno(errno, "cannot chmod %s", path);
	return error;
}

static struct error *step_symlink(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "symlink", &path);

	if (!error && symlink(text_of(step, "to"), path))
		error = error_errno(errno, "cannot link %s", path);
	return error;
}

static struct error *step_rename(const char *folder, const json_t *step)
{
	_free_ char *from = NULL, *to = NULL;
	struct error *error = path_of(folder, step, "rename", &from);

	if (!error)
		error = path_of(folder, step, "to", &to);
	if (!error && rename(from, to))
		error = error_errno(errno, "cannot rename %s", from);
	return error;
}

static struct error *step_remove(const char *folder, const json_t *step)
{
	_free_ char *path = NULL;
	struct error *error = path_of(folder, step, "remove", &path);

	return error ? error : file_remove_tree(path);
}

static struct error *step_compress(const char *folder, const json_t *step)
{
	_free_ char *from = NULL, *to = NULL;
	_mapping_ struct mapping mapping = { 0 };
	struct error *error = path_of(folder, step, "compress", &from);

	if (!error)
		error = path_of(folder, step, "to", &to);
	if (!error)
		error = file_map(from, &mapping);
	if (!error)
		error = fixture_compress(mapping.bytes, to);
	if (!error)
		error = file_remove_tree(from);
	return error;
}

static struct error *step_run(const char *folder, const json_t *step)
{
	const json_t *words = json_object_get(step, "run");
	const char *argv[32] = { NULL };

	for (size_t i = 0; i < json_array_size(words) && i < 31; i++)
		argv[i] = json_string_value(json_array_get(words, i));
	return run_tool(folder, argv);
}

static const struct step {
	const char *name;
	struct error *(*run)(const char *folder, const json_t *step);
} steps[] = {
	{ "patch", step_patch },       { "append", step_append },
	{ "truncate", step_truncate }, { "chmod", step_chmod },
	{ "symlink", step_symlink },   { "rename", step_rename },
	{ "remove", step_remove },     { "compress", step_compress },
	{ "run", step_run },	       { "archive", fixture_archive },
};

static struct error *do_step(const char *folder, const json_t *step)
{
	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++)
		if (json_object_get(step, steps[i].name))
			return steps[i].run(folder, step);
	return error_new(ERROR_INPUT, "a step of no known kind");
}

struct error *fixture_make(const char *source, const char *target, json_t **json)
{
	_cleanup_(bundle_destroy) struct bundle *bundle = NULL;
	struct error *error = bundle_open(source, NULL, &bundle);
	_free_ char *description = NULL;
	const json_t *list;

	*json = NULL;
	for (size_t i = 0; !error && i < bundle->count; i++)
		error = copy_member(bundle, &bundle->members[i], target);
	if (!error)
		error = file_join(source, "fixture.json", &description);
	if (error)
		return error;
	if (!access(description, F_OK))
		error = json_load_path(description, json);
	list = json_object_get(*json, "steps");
	for (size_t i = 0; !error && i < json_array_size(list); i++)
		error = do_step(target, json_array_get(list, i));
	return error_wrap(error, "%s", source);
}
