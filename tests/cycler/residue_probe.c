/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside a VM: loads the module given, tells what came, unloads it, tells what stayed.
 *	residue_probe /modules/dummy.ko dummy
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "cycler/residue.h"

static const struct residue_options options;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct error *tell(const char *when, const struct residue_snapshot *before)
{
	_cleanup_(residue_destroy) struct residue_snapshot *after = NULL;
	_residue_difference_ struct residue_difference d = { 0 };
	double start = now();
	struct error *error = residue_take(&options, &after);

	if (!error)
		error = residue_compare(before, after, &d);
	if (error)
		return error;
	printf("%s: %zu entries, %zu differences, %.1f ms%s\n", when,
	       residue_entries(after), d.count, (now() - start) * 1e3,
	       residue_cut(after) ? ", cut" : "");
	for (size_t i = 0; i < d.count; i++)
		printf("%s: %s|%s|%+ld|%zu\n", when, d.items[i].what, d.items[i].name,
		       d.items[i].change, d.items[i].below);
	for (size_t i = 0; residue_absent(after, i); i++)
		printf("%s: absent %s\n", when, residue_absent(after, i));
	return NULL;
}

static struct error *prices(const struct residue_pulse *pulse)
{
	enum { ROUNDS = 50 };
	uint64_t sum = 0, fingerprint;
	double start = now(), middle;
	struct error *error = NULL;

	for (int i = 0; i < ROUNDS; i++)
		sum += residue_pulse_read(pulse);
	middle = now();
	for (int i = 0; !error && i < ROUNDS; i++)
		error = residue_fingerprint(&options, &fingerprint);
	printf("pulse of %zu folders %.1f us, fingerprint %.2f ms (%d)\n", pulse->count,
	       (middle - start) / ROUNDS * 1e6, (now() - middle) / ROUNDS * 1e3,
	       (int)(sum & 1));
	return error;
}

static struct error *cycle(const char *file, const char *name)
{
	_cleanup_(residue_destroy) struct residue_snapshot *before = NULL;
	_close_ int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct residue_pulse pulse;
	uint64_t pulse_before, pulse_loaded, first, second;
	struct error *error = residue_take(&options, &before);

	if (!error)
		error = residue_pulse_open(&options, &pulse);
	if (!error)
		error = residue_fingerprint(&options, &first);
	if (error)
		return error;
	pulse_before = residue_pulse_read(&pulse);
	if (syscall(SYS_finit_module, fd, "", 0))
		return error_errno(errno, "cannot load %s", file);
	pulse_loaded = residue_pulse_read(&pulse);
	error = tell("loaded", before);
	if (!error)
		error = residue_fingerprint(&options, &second);
	if (error)
		return error;
	printf("loaded: pulse %s, fingerprint %s\n",
	       pulse_loaded != pulse_before ? "differs" : "same",
	       first != second ? "differs" : "same");
	if (syscall(SYS_delete_module, name, O_NONBLOCK))
		return error_errno(errno, "cannot unload %s", name);
	error = tell("unloaded", before);
	if (!error)
		error = residue_fingerprint(&options, &second);
	printf("unloaded: pulse %s, fingerprint %s\n",
	       residue_pulse_read(&pulse) != pulse_before ? "differs" : "same",
	       first != second ? "differs" : "same");
	if (!error)
		error = prices(&pulse);
	residue_pulse_close(&pulse);
	return error;
}

int main(int argc, char **argv)
{
	_error_ struct error *error =
		argc == 3 ? cycle(argv[1], argv[2])
			  : error_new(ERROR_USAGE, "usage: residue_probe FILE NAME");

	if (error)
		printf("error: %s\n", error_message(error));
	return error ? 1 : 0;
}
