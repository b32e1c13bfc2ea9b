/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bookend cycle: a plan, or the flags that make one, carried out in a target. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/tool.h"
#include "cycler/flags.h"
#include "cycler/matrix.h"
#include "cycler/plan.h"
#include "cycler/lanes.h"
#include "cycler/repro.h"
#include "cycler/run.h"
#include "report/format.h"

struct values {
	struct plan_flags plan;
	const char *target, *append;
	struct string_list kernels, symbols, sources, devices, stop_on, ssh_options;
	int lane;
	bool lane_given, repro;
	uint64_t repro_runs;
	uint64_t memory, cpus, silence, boot, restarts, journal_max, commit;
	bool print_plan, dump, hold, no_kvm, no_census, permitted, recorder;
	struct report_options report;
};

#define PLAN(field) offsetof(struct values, plan.field)

static const struct option plan_options[] = {
	{ OPTION_STRING, 'm', "module", "FILE", PLAN(module),
	  "Cycles loading and unloading this .ko file (or module of the kernel)." },
	{ OPTION_STRING, 0, "parameters", "WORDS", PLAN(parameters),
	  "Parameters of the module, as on modprobe's command line." },
	{ OPTION_STRING, 'd', "device", "PATH", PLAN(device),
	  "Cycles opening and closing this device node. With --module: also in each pass of "
	  "the module." },
	{ OPTION_LIST, 0, "probe", "I/O", PLAN(probes),
	  "I/O between open and close, in this order: read:N, write:HEX, poll[:in|:out], "
	  "ioctl:NUMBER[:SIZE|:0xHEX], mmap:N." },
	{ OPTION_RATE, 'r', "rate", "RATE", PLAN(rate),
	  "Passes a second, as 300/s or 10/m, or max; default max." },
	{ OPTION_COUNT, 'n', "passes", "N", PLAN(passes),
	  "How many passes; default 100, without a limit with --for." },
	{ OPTION_DURATION, 0, "for", "TIME", PLAN(duration), "How long each leg lasts." },
	{ OPTION_COUNT, 0, "device-passes", "N", PLAN(device_passes),
	  "Passes of the device's own leg, with --module; default 100 times --passes." },
	{ OPTION_FLAG, 0, "turbo", NULL, PLAN(turbo),
	  "Expedites the kernel's grace periods in an extra leg; a plain one stays." },
	{ OPTION_FLAG, 0, "fail-allocs", NULL, PLAN(fail_allocs),
	  "In a leg of its own, makes every allocation of a pass fail once, in turn, and "
	  "demands a clean error and success afterwards." },
	{ OPTION_COUNT, 0, "plain-passes", "N", PLAN(plain_passes),
	  "Of the passes, how many are not expedited with --turbo; default a tenth." },
	{ OPTION_DURATION, 0, "deadline", "TIME", PLAN(deadline),
	  "How long one step may take; default 30s." },
	{ OPTION_CHOICE, 0, "on-stuck", "WHAT", PLAN(on_stuck),
	  "When a step is past its deadline: end the run, restart (a fresh target goes on), "
	  "or wait for it; default end.",
	  on_stuck_names },
	{ OPTION_COUNT, 0, "seed", "N", PLAN(seed), "Of everything random; default 1." },
	{ OPTION_FLAG, 0, "print-plan", NULL, offsetof(struct values, print_plan),
	  "Prints the plan that the options make, and does nothing." },
	OPTIONS_END,
};

static const struct option target_options[] = {
	{ OPTION_STRING, 't', "target", "TARGET", offsetof(struct values, target),
	  "Where: vm (default), ssh:[USER@]HOST[:PORT] (another machine, as root), or local "
	  "(this one)." },
	{ OPTION_FLAG, 0, "yes-on-this-machine", NULL, offsetof(struct values, permitted),
	  "With --target local: yes, this machine's own kernel may be put at risk." },
	{ OPTION_LIST, 0, "ssh-option", "WORD", offsetof(struct values, ssh_options),
	  "An option for ssh, as ssh's -o takes it: Port=2222, IdentityFile=KEY." },
	{ OPTION_DURATION, 0, "commit", "TIME", offsetof(struct values, commit),
	  "How often the journal goes to the disk of a real machine; default 100ms. Cycles "
	  "slower than that commit each step." },
	{ OPTION_LIST, 'k', "kernel", "RELEASE", offsetof(struct values, kernels),
	  "Kernel to boot: a release below build/kernels, or a folder with vmlinuz. Repeatable: "
	  "a run on each, with a report each; {kernel} in a module's path is its release." },
	{ OPTION_STRING, 0, "append", "WORDS", offsetof(struct values, append),
	  "Words for the kernel's command line, as slub_debug=FZPU." },
	{ OPTION_LIST, 0, "add-device", "WORDS", offsetof(struct values, devices),
	  "A further device for the VM, as QEMU's -device takes it." },
	{ OPTION_SIZE, 0, "memory", "SIZE", offsetof(struct values, memory),
	  "Memory of the VM; default 512M." },
	{ OPTION_COUNT, 0, "cpus", "N", offsetof(struct values, cpus),
	  "CPUs of the VM; default 2." },
	{ OPTION_DURATION, 0, "boot-timeout", "TIME", offsetof(struct values, boot),
	  "How long the boot may take; default 120s." },
	{ OPTION_DURATION, 0, "silence", "TIME", offsetof(struct values, silence),
	  "How long the target may give no sign of life; default 60s." },
	{ OPTION_FLAG, 0, "no-kvm", NULL, offsetof(struct values, no_kvm),
	  "Emulates the CPU even where KVM works." },
	{ OPTION_FLAG, 0, "hold", NULL, offsetof(struct values, hold),
	  "Keeps a target that died or hangs until Ctrl-C, for 'bookend vm debug'." },
	{ OPTION_COUNT, 0, "restarts", "N", offsetof(struct values, restarts),
	  "How many times a target that died or hangs is replaced by a fresh one, which goes "
	  "on after the pass that was interrupted; default 0: the first death ends the run." },
	{ OPTION_SIZE, 0, "journal-max", "SIZE", offsetof(struct values, journal_max),
	  "How large journal.bin may get; default 1G. Above it, old passes in which nothing "
	  "happened become histograms of a second each; eventful ones stay whole." },
	{ OPTION_LIST, 0, "stop-on", "WHAT", offsetof(struct values, stop_on),
	  "What ends the run early: crash, stuck, failure, warning, residue, leak, any; or "
	  "never: targets that die are replaced up to 1,000 times. Repeatable." },
	{ OPTION_CHOICE, 0, "lane", "LANE", offsetof(struct values, lane),
	  "Kernel to run on: plain, slub (with slub_debug=FZPU, which finds use after free, "
	  "overruns and double frees), or both, one after the other; default plain.",
	  lane_names, .given = offsetof(struct values, lane_given) },
	{ OPTION_FLAG, 0, "repro", NULL, offsetof(struct values, repro),
	  "After a failure, looks for the shortest schedule that still fails, in fresh "
	  "targets, and writes it to the run folder: repro.json." },
	{ OPTION_COUNT, 0, "repro-runs", "N", offsetof(struct values, repro_runs),
	  "How many runs --repro may make; default 24." },
	{ OPTION_FLAG, 0, "dump", NULL, offsetof(struct values, dump),
	  "Saves the memory of a target that died or hangs: memory.elf." },
	{ OPTION_FLAG, 0, "recorder", NULL, offsetof(struct values, recorder),
	  "Loads a module of bookend's into the target, by which a kernel that panics or "
	  "oopses prints the last steps into its log." },
	{ OPTION_FLAG, 0, "no-census", NULL, offsetof(struct values, no_census),
	  "Does not count allocations; the report says that leaks were not looked for." },
	{ OPTION_LIST, 0, "symbols", "PATH", offsetof(struct values, symbols),
	  "Debug file, or folder with debug files, of what is loaded." },
	{ OPTION_LIST, 0, "source", "DIR", offsetof(struct values, sources),
	  "Where source files are, to show lines." },
	OPTIONS_END,
};

static const struct option options[] = {
	{ OPTION_GROUP, 0, "What to cycle", NULL, 0, NULL, NULL, plan_options },
	{ OPTION_GROUP, 0, "Where", NULL, 0, NULL, NULL, target_options },
	{ OPTION_GROUP, 0, "Report", NULL, offsetof(struct values, report), NULL, NULL,
	  report_option_table },
	OPTIONS_END,
};

static volatile int stop_asked, abandoned, status_asked;

static void on_stop(int number)
{
	if (stop_asked)
		abandoned = number;
	stop_asked = number;
}

static void on_status(int number)
{
	status_asked = number;
}

static void catch_signals(void)
{
	struct sigaction stop = { .sa_handler = on_stop };
	struct sigaction status = { .sa_handler = on_status, .sa_flags = SA_RESTART };

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL);
	sigaction(SIGUSR1, &status, NULL);
}

static struct error *make_plan(const struct values *v, const struct string_list *operands,
			       struct plan **ret)
{
	json_t *json = NULL;
	struct error *error;

	if (operands->count > 1)
		return error_new(ERROR_USAGE, "one plan at a time, not also '%s'",
				 operands->items[1]);
	if (operands->count) {
		if (flags_given(&v->plan))
			return error_new(
				ERROR_USAGE,
				"a plan and options of what to cycle exclude each "
				"other");
		return plan_load(operands->items[0], ret);
	}
	error = flags_to_plan(&v->plan, &json);
	if (!error)
		error = plan_create(json, ret);
	json_decref(json);
	return error;
}

static struct error *print_plan(const struct plan *plan)
{
	_free_ char *text = json_dumps(plan->json, JSON_INDENT(2));

	if (!text)
		return error_nomem();
	puts(text);
	return NULL;
}

enum { DEFAULT_REPRO_RUNS = 24 };

static struct error *stop_words(const struct values *v, unsigned int *ret)
{
	for (size_t i = 0; i < v->stop_on.count; i++) {
		unsigned int bits = stop_on_word(v->stop_on.items[i]);

		if (!bits)
			return error_new(ERROR_USAGE,
					 "--stop-on %s: there are crash, stuck, failure, "
					 "warning, residue, leak, any and never",
					 v->stop_on.items[i]);
		*ret |= bits;
	}
	return NULL;
}

static struct error *run_one(void *context, const struct plan *plan,
			     const struct run_options *run_options, struct report *report)
{
	const struct values *v = context;
	enum lane lanes = v->lane_given ? (enum lane)v->lane : plan->policy.lanes;
	uint64_t repros = v->repro_runs ? v->repro_runs : DEFAULT_REPRO_RUNS;
	struct error *error = lanes_run(plan, run_options, lanes, report);

	return error || !v->repro ? error : repro_run(plan, run_options, repros, report);
}

static struct error *cycle(struct values *v, const struct plan *plan,
			   enum exit_status *ret)
{
	const char *devices[16] = { NULL }, *ssh_options[16] = { NULL };
	struct run_options run = {
		.target = v->target ? v->target : "vm",
		.machine = { .folder = v->report.folder,
			     .append = v->append,
			     .devices = devices,
			     .memory = v->memory,
			     .cpus = (unsigned int)v->cpus,
			     .boot_ns = v->boot,
			     .silence_ns = v->silence,
			     .no_kvm = v->no_kvm,
			     .permitted = v->permitted,
			     .ssh_options = ssh_options,
			     .interrupted = &abandoned },
		.symbols = v->symbols,
		.sources = v->sources,
		.dump = v->dump,
		.restarts = v->restarts,
		.journal_max = v->journal_max,
		.commit_ns = v->commit,
		.hold = v->hold,
		.quiet = v->report.quiet,
		.no_census = v->no_census,
		.recorder = v->recorder,
		.stop = &stop_asked,
		.status = &status_asked,
	};
	const struct matrix matrix = { &v->kernels, run_one, v };
	_cleanup_(report_destroy) struct report *report = NULL;
	struct error *error = report_create("cycle", plan->name, &report);

	for (size_t i = 0; i < v->devices.count && i < 15; i++)
		devices[i] = v->devices.items[i];
	for (size_t i = 0; i < v->ssh_options.count && i < 15; i++)
		ssh_options[i] = v->ssh_options.items[i];
	report->fail_on = (enum level)v->report.fail_on;
	if (!error)
		error = stop_words(v, &run.stop_on);
	if (!error)
		error = matrix_run(&matrix, plan, &run, report);
	return error ? error : report_output(report, &v->report, ret);
}

/* What says how a VM is to be says nothing of a machine that is there already. */
static struct error *check_target(const struct values *v)
{
	const struct {
		const char *option;
		bool given;
	} of_vm[] = {
		{ "--kernel", v->kernels.count != 0 },
		{ "--append", v->append != NULL },
		{ "--add-device", v->devices.count != 0 },
		{ "--memory", v->memory != 0 },
		{ "--cpus", v->cpus != 0 },
		{ "--boot-timeout", v->boot != 0 },
		{ "--no-kvm", v->no_kvm },
		{ "--hold", v->hold },
		{ "--dump", v->dump },
	};
	bool vm = !v->target || !strcmp(v->target, "vm");
	bool ssh = v->target && !strncmp(v->target, "ssh:", 4);

	for (size_t i = 0; !vm && i < sizeof(of_vm) / sizeof(*of_vm); i++)
		if (of_vm[i].given)
			return error_new(ERROR_USAGE,
					 "%s is for the target vm, not for %s",
					 of_vm[i].option, v->target);
	if (v->ssh_options.count && !ssh)
		return error_new(ERROR_USAGE, "--ssh-option needs --target ssh:HOST");
	if (v->commit && vm)
		return error_new(ERROR_USAGE, "--commit is for real machines: in a VM a "
					      "record is safe when it is written");
	return NULL;
}

static struct error *run(void *values, const struct string_list *operands,
			 enum exit_status *ret)
{
	struct values *v = values;
	_cleanup_(plan_destroy) struct plan *plan = NULL;
	_free_ char *folder = NULL;
	struct error *error = report_options_check(&v->report);

	if (!error)
		error = check_target(v);
	if (!error)
		error = make_plan(v, operands, &plan);
	if (!error && v->journal_max && v->journal_max < PLAN_SMALLEST_JOURNAL)
		error = error_new(ERROR_USAGE, "--journal-max is less than 1M");
	if (error)
		return error;
	if (v->print_plan) {
		*ret = EXIT_CLEAN;
		return print_plan(plan);
	}
	if (!v->report.folder) {
		if (asprintf(&folder, "run-%s", plan->name) < 0) {
			folder = NULL;
			return error_nomem();
		}
		for (char *c = folder; *c; c++)
			*c = *c == '/' || *c == ' ' ? '-' : *c;
		v->report.folder = folder;
	}
	catch_signals();
	return cycle(v, plan, ret);
}

static void deinit(void *values)
{
	struct values *v = values;

	string_list_deinit(&v->plan.probes);
	string_list_deinit(&v->kernels);
	string_list_deinit(&v->symbols);
	string_list_deinit(&v->sources);
	string_list_deinit(&v->devices);
	string_list_deinit(&v->stop_on);
	string_list_deinit(&v->ssh_options);
	report_options_deinit(&v->report);
}

static const struct values defaults = { .report = REPORT_OPTIONS_DEFAULTS };

static const struct tool tool = {
	.command = {
		.name = "cycle",
		.usage = "[OPTION]… PLAN\n"
			 "[OPTION]… --module FILE [--device PATH]\n"
			 "[OPTION]… --device PATH",
		.summary = "Cycles a driver's bookended pairs and accounts for every pass.",
		.description =
			"Carries out a plan in an expendable target: loads and unloads, opens "
			"and closes, at the rate that was asked for, with a record before and "
			"after every step, and tells what was left behind, what the kernel "
			"complained about, what hung and what died, and at which step.",
		.examples =
			"bookend cycle --module refdrv.ko --passes 1000 --turbo\n"
			"bookend cycle --module refdrv.ko --device /dev/refdrv0 --probe "
			"ioctl:0x802852d0:40\n"
			"bookend cycle -o saturday overnight.json",
		.options = options,
	},
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.run = run,
	.deinit = deinit,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
