/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dispatcher: `bookend NAME …` runs `bookend-NAME …`, found beside this program (a
 * build tree) or in its libexec folder (installed). It knows no tool by name.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "common/tool.h"
#include "common/version.h"

#define PREFIX_NAME "bookend-"

static const char *const places[] = { ".", "../libexec/bookend" };

static int is_tool(const struct dirent *entry)
{
	return !strncmp(entry->d_name, PREFIX_NAME, strlen(PREFIX_NAME)) &&
	       !strchr(entry->d_name, '.');
}

/* What the tool says of itself, in one line; empty when it does not answer. */
static void print_tool(const char *folder, const char *name, FILE *out)
{
	_free_ char *path = NULL;
	struct process_options options = { .timeout_ns = 5000000000ull };
	struct process_result result = { 0 };
	_error_ struct error *error = NULL;

	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		path = NULL;
		return;
	}
	error = process_run((const char *const[]){ path, "--summary", NULL }, &options,
			    &result);
	fprintf(out, "  %-12s %s", name + strlen(PREFIX_NAME),
		error || result.status ? "\n" : strbuf_string(&result.output));
	strbuf_deinit(&result.output);
}

static void list_tools(const char *own, FILE *out)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		_free_ char *folder = NULL;
		struct dirent **names = NULL;
		int n;

		if (asprintf(&folder, "%s/%s", own, places[i]) < 0)
			continue;
		n = scandir(folder, &names, is_tool, alphasort);
		for (int k = 0; k < n; k++) {
			print_tool(folder, names[k]->d_name, out);
			free(names[k]);
		}
		free(names);
	}
}

static int usage(const char *own, FILE *out)
{
	fprintf(out,
		"Usage: bookend TOOL [OPTION]…\n\n"
		"Tells a driver team before release what its customers' machines would\n"
		"tell it afterwards.\n\nTools:\n");
	list_tools(own, out);
	fprintf(out, "\n'bookend TOOL --help' tells more of each.\n");
	return out == stdout ? EXIT_CLEAN : EXIT_UNABLE;
}

static int dispatch(const char *own, char **argv)
{
	/* `bookend explain` and `bookend extract` may be served by links */
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		_free_ char *path = NULL;

		if (asprintf(&path, "%s/%s/%s%s", own, places[i], PREFIX_NAME, argv[1]) <
		    0)
			break;
		execv(path, argv + 1);
		if (errno != ENOENT) {
			fprintf(stderr, "bookend: error: cannot run %s: %s\n", path,
				strerror(errno));
			return EXIT_UNABLE;
		}
	}
	fprintf(stderr,
		"bookend: error: there is no tool '%s': 'bookend --help' lists them\n",
		argv[1]);
	return EXIT_UNABLE;
}

int main(int argc, char **argv)
{
	_free_ char *own = NULL;
	_error_ struct error *error = file_own_folder(&own);

	if (error) {
		fprintf(stderr, "bookend: error: %s\n", error_message(error));
		return EXIT_UNABLE;
	}
	if (argc < 2) {
		usage(own, stderr);
		return EXIT_UNABLE;
	}
	if (argc == 3 && !strcmp(argv[1], "help"))
		return dispatch(own,
				(char *[]){ argv[0], argv[2], (char *)"--help", NULL });
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help") ||
	    !strcmp(argv[1], "-h"))
		return usage(own, stdout);
	if (!strcmp(argv[1], "--version")) {
		printf("bookend %s\n", BOOKEND_VERSION);
		return EXIT_CLEAN;
	}
	return dispatch(own, argv);
}
