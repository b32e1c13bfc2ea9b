/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/flags.h"

#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "cycler/plan.h"

enum {
	DEFAULT_PASSES = 100,
	DEVICE_FACTOR = 100, /* opens to a load: they are as much faster */
	PLAIN_SHARE = 10,
};

bool flags_given(const struct plan_flags *f)
{
	return f->module || f->parameters || f->device || f->probes.count || f->passes ||
	       f->duration || f->device_passes || f->plain_passes || f->deadline ||
	       f->on_stuck || f->seed || f->turbo || f->fail_allocs ||
	       f->rate.per_second > 0;
}

static struct error *check(const struct plan_flags *f)
{
	if (!f->module && !f->device)
		return error_new(ERROR_USAGE,
				 "nothing to cycle: name a plan, --module or "
				 "--device");
	if (f->parameters && !f->module)
		return error_new(ERROR_USAGE, "--parameters needs --module");
	if (f->probes.count && !f->device)
		return error_new(ERROR_USAGE, "--probe needs --device");
	if (f->turbo && !f->module)
		return error_new(ERROR_USAGE,
				 "--turbo needs --module: only loading waits "
				 "for grace periods");
	if (f->plain_passes && !f->turbo)
		return error_new(ERROR_USAGE, "--plain-passes needs --turbo");
	if (f->device_passes && !(f->module && f->device))
		return error_new(ERROR_USAGE, "--device-passes needs --module and "
					      "--device; with one of them say --passes");
	return NULL;
}

static json_t *module_pair(const struct plan_flags *f)
{
	json_t *pair = json_pack("{s:s, s:s}", "kind", "module", "module", f->module);

	if (f->parameters)
		json_object_set_new(pair, "parameters", json_string(f->parameters));
	return pair;
}

static json_t *device_pair(const struct plan_flags *f)
{
	json_t *pair = json_pack("{s:s, s:s}", "kind", "device", "device", f->device);
	json_t *probes = f->probes.count ? json_array() : NULL;

	for (size_t i = 0; i < f->probes.count; i++)
		json_array_append_new(probes, json_string(f->probes.items[i]));
	if (probes)
		json_object_set_new(pair, "probe", probes);
	return pair;
}

/* A leg of one cycle, with its rate and limits; steals @cycle and @hold. */
static void add_leg(json_t *legs, const struct plan_flags *f, const char *name,
		    bool turbo, uint64_t passes, json_t *cycle, json_t *hold)
{
	json_t *leg = json_pack("{s:s, s:[o]}", "name", name, "cycles", cycle);
	char duration[32];

	if (turbo)
		json_object_set_new(leg, "turbo", json_true());
	if (hold)
		json_object_set_new(leg, "hold", json_pack("[o]", hold));
	if (f->rate.per_second > 0)
		json_object_set_new(cycle, "rate", json_real(f->rate.per_second));
	if (passes)
		json_object_set_new(cycle, "passes", json_integer((json_int_t)passes));
	if (f->duration) {
		snprintf(duration, sizeof(duration), "%llums",
			 (unsigned long long)(f->duration / 1000000));
		json_object_set_new(cycle, "for", json_string(duration));
	}
	json_array_append_new(legs, leg);
}

static json_t *loading(const struct plan_flags *f)
{
	json_t *pair = module_pair(f);

	if (f->device)
		json_object_set_new(pair, "inside", json_pack("[o]", device_pair(f)));
	return pair;
}

/* Each allocation of a load, or of an open, fails once. */
static void add_error_paths(json_t *legs, const struct plan_flags *f)
{
	json_t *cycle = f->module ? loading(f) : device_pair(f);

	json_object_set_new(cycle, "fail_allocs", json_true());
	add_leg(legs, f, "error paths", f->module != NULL, 1, cycle, NULL);
	json_object_del(cycle, "rate");
	json_object_del(cycle, "for");
}

static void add_legs(json_t *legs, const struct plan_flags *f)
{
	uint64_t passes = f->passes || f->duration ? f->passes : DEFAULT_PASSES;
	uint64_t plain = f->plain_passes ? f->plain_passes
					 : (passes + PLAIN_SHARE - 1) / PLAIN_SHARE;
	uint64_t opens = f->device_passes ? f->device_passes : passes * DEVICE_FACTOR;

	if (!f->module) {
		add_leg(legs, f, "open", false, passes, device_pair(f), NULL);
		return;
	}
	if (f->turbo && (!passes || passes > plain))
		add_leg(legs, f, "load, expedited", true, passes ? passes - plain : 0,
			loading(f), NULL);
	if (f->turbo)
		add_leg(legs, f, "load, plain", false, plain, loading(f), NULL);
	else
		add_leg(legs, f, "load", false, passes, loading(f), NULL);
	if (f->device)
		add_leg(legs, f, "open", false, opens, device_pair(f), module_pair(f));
}

static char *plan_name(const struct plan_flags *f)
{
	const char *subject = f->module ? f->module : f->device;
	const char *slash = strrchr(subject, '/');
	char *name = strdup(slash ? slash + 1 : subject);

	if (name && f->module)
		name[strcspn(name, ".")] = 0;
	return name;
}

struct error *flags_to_plan(const struct plan_flags *f, json_t **ret)
{
	struct error *error = check(f);
	char *name, deadline[32];
	json_t *plan;

	if (error)
		return error;
	name = plan_name(f);
	plan = json_pack("{s:s, s:s, s:[]}", "schema", "bookend-plan/1", "name",
			 name ? name : "", "legs");
	free(name);
	if (!plan)
		return error_nomem();
	if (f->seed)
		json_object_set_new(plan, "seed", json_integer((json_int_t)f->seed));
	if (f->deadline) {
		snprintf(deadline, sizeof(deadline), "%llums",
			 (unsigned long long)(f->deadline / 1000000));
		json_object_set_new(plan, "deadline", json_string(deadline));
	}
	if (f->on_stuck)
		json_object_set_new(plan, "on_stuck",
				    json_string(on_stuck_names[f->on_stuck]));
	add_legs(json_object_get(plan, "legs"), f);
	if (f->fail_allocs)
		add_error_paths(json_object_get(plan, "legs"), f);
	*ret = plan;
	return NULL;
}
