/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs inside a target: a census around each way of leaking that leaky.ko knows.
 *
 *	matrix LEAKY.KO PASSES CASE…    CASE is KIND:EVERY, KIND:once, KIND:never,
 *	                                load:KIND (the module is loaded for each pass)
 *
 * Prints one line a case: { "case": …, "census": … }.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "leakwatch/census.h"

struct plan {
	const char *module, *kind;
	unsigned long passes, every, once;
	bool reload;
};

static void die(const char *what)
{
	fprintf(stderr, "matrix: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void load(const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, parameters, 0))
		die("finit_module");
	close(fd);
}

static void unload(void)
{
	for (int i = 0; i < 200; i++) {
		if (!syscall(SYS_delete_module, "leaky", O_NONBLOCK))
			return;
		usleep(10000);
	}
	die("delete_module");
}

static void operate(const char *verb, const char *kind)
{
	/* each in a network of its own, which goes when the next one comes */
	if (!strcmp(kind, "netns") && unshare(CLONE_NEWNET))
		die("unshare");
	int fd = open("/dev/leaky", O_WRONLY | O_CLOEXEC);
	char text[64];

	snprintf(text, sizeof(text), "%s %s", verb, kind);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(text);
	close(fd);
}

static void work(const struct plan *plan, uint64_t *pass, uint64_t *half)
{
	char parameters[64];

	snprintf(parameters, sizeof(parameters), "load=%s", plan->kind);
	if (!plan->reload) {
		census_tick(pass);
		load(plan->module, "");
	}
	for (unsigned long i = 0; i < plan->passes; i++) {
		bool leak = plan->once ? i + 1 == plan->once
				       : plan->every && i % plan->every == 0;

		if (i || plan->reload)
			census_tick(pass);
		if (plan->reload) {
			load(plan->module, parameters);
			unload();
		} else {
			operate(leak ? "leak" : "free", plan->kind);
		}
		if (i + 1 == plan->passes / 2)
			*half = *pass;
	}
	if (!plan->reload)
		unload();
}

static struct error *run(const struct plan *plan, const char *name)
{
	static const char *const modules[] = { "leaky" };
	struct census_options options = { .modules = modules, .module_count = 1 };
	_cleanup_(census_destroy) struct census *census = NULL;
	struct error *error = census_create(&options, &census);
	struct timespec begin, end;
	json_t *json = NULL;
	int status = 0;
	pid_t worker;
	char *text;

	if (!error)
		error = census_leg(census);
	if (error)
		return error;
	fflush(stdout);
	worker = fork();
	if (!worker) {
		census_watch_worker(census, getpid());
		work(plan, census_pass(census), census_half(census));
		_exit(EXIT_SUCCESS);
	}
	waitpid(worker, &status, 0);
	if (status)
		return error_new(ERROR_SYSTEM, "%s: the worker failed", name);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	error = census_settle(census, 0);
	if (!error)
		error = census_collect(census, &json);
	if (error)
		return error;
	clock_gettime(CLOCK_MONOTONIC, &end);
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(json);
	printf("{\"case\": \"%s\", \"seconds\": %.3f, \"census\": %s}\n", name,
	       end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9,
	       text ? text : "null");
	free(text);
	return NULL;
}

static struct plan parse(const char *module, unsigned long passes, char *name)
{
	struct plan plan = { .module = module, .passes = passes, .kind = name };
	char *colon = strchr(name, ':');

	if (!colon) {
		errno = EINVAL;
		die(name);
	}
	*colon++ = 0;
	if (!strcmp(name, "load")) {
		plan.reload = true;
		plan.kind = colon;
	} else if (!strcmp(colon, "once")) {
		plan.once = passes / 2;
	} else if (strcmp(colon, "never")) {
		plan.every = strtoul(colon, NULL, 10);
	}
	return plan;
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: matrix LEAKY.KO PASSES CASE…\n");
		return 2;
	}
	if (access("/dev/leaky", F_OK) && access("/dev/null", F_OK))
		die("/dev");
	for (int i = 3; i < argc; i++) {
		_free_ char *name = strdup(argv[i]);
		struct plan plan = parse(argv[1], strtoul(argv[2], NULL, 10), name);
		_error_ struct error *error = run(&plan, argv[i]);

		if (error) {
			fprintf(stderr, "matrix: %s: %s\n", argv[i],
				error_message(error));
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}
