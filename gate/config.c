/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "gate/gate.h"
#include "report/json.h"

static struct error *read_words(const json_t *array, const char *pointer,
				struct string_list *ret)
{
	json_t *item;
	size_t i;

	if (array && !json_is_array(array))
		return error_new(ERROR_INPUT, "%s: must be an array of strings", pointer);
	json_array_foreach(array, i, item)
	{
		struct error *error;

		if (!json_is_string(item))
			return error_new(ERROR_INPUT, "%s/%zu: must be a string", pointer,
					 i);
		error = string_list_add(ret, json_string_value(item));
		if (error)
			return error;
	}
	return NULL;
}

static struct error *read_builds(const json_t *builds, struct gate_config *config)
{
	const char *flavour;
	json_t *variables;

	if (builds && !json_is_object(builds))
		return error_new(ERROR_INPUT, "/builds: must be an object of flavour: "
					      "[make variables]");
	json_object_foreach((json_t *)builds, flavour, variables)
	{
		struct gate_build *build = &config->builds[config->builds_count];
		struct error *error;

		if (config->builds_count == ARRAY_LENGTH(config->builds))
			return error_new(ERROR_INPUT, "/builds: more than %zu flavours",
					 ARRAY_LENGTH(config->builds));
		if (!*flavour ||
		    strspn(flavour,
			   "abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != strlen(flavour))
			return error_new(ERROR_INPUT,
					 "/builds/%.40s: a flavour's name has "
					 "letters, digits, - and _ only",
					 flavour);
		build->flavour = flavour;
		config->builds_count++;
		error = read_words(variables, "/builds/…", &build->variables);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *read_devices(const json_t *devices, struct gate_config *config)
{
	json_t *device;
	size_t i;

	if (devices && !json_is_array(devices))
		return error_new(ERROR_INPUT, "/devices: must be an array of objects");
	json_array_foreach(devices, i, device)
	{
		struct gate_device *at = &config->devices[i];
		struct error *error;

		if (i == ARRAY_LENGTH(config->devices))
			return error_new(ERROR_INPUT, "/devices: more than %zu",
					 ARRAY_LENGTH(config->devices));
		at->path = json_string_value(json_object_get(device, "path"));
		if (!at->path || at->path[0] != '/')
			return error_new(ERROR_INPUT,
					 "/devices/%zu/path: must be an absolute "
					 "path",
					 i);
		config->devices_count++;
		error = read_words(json_object_get(device, "probe"), "/devices/…/probe",
				   &at->probe);
		if (error)
			return error;
	}
	return NULL;
}

static struct error *read_count(const json_t *passes, const char *key, uint64_t *ret)
{
	const json_t *value = json_object_get(passes, key);

	if (!value)
		return NULL;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return error_new(ERROR_INPUT, "/passes/%s: must be a count", key);
	*ret = json_integer_value(value);
	return NULL;
}

static struct error *reject_unknown(const json_t *json)
{
	static const char *const known[] = { "name",  "builds",	 "load",
					     "needs", "devices", "passes" };
	const char *key;
	json_t *value;

	if (!json_is_object(json))
		return error_new(ERROR_INPUT, "/: must be an object");
	json_object_foreach((json_t *)json, key, value)
	{
		bool found = false;

		for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
			found |= !strcmp(key, known[i]);
		if (!found)
			return error_new(ERROR_INPUT, "/%.60s: unknown key", key);
	}
	return NULL;
}

static struct error *read_config(struct gate_config *config)
{
	const json_t *passes = json_object_get(config->json, "passes");
	struct error *error = reject_unknown(config->json);

	config->name = json_string_value(json_object_get(config->json, "name"));
	if (!error)
		error = read_builds(json_object_get(config->json, "builds"), config);
	if (!error)
		error = read_words(json_object_get(config->json, "load"), "/load",
				   &config->load);
	if (!error)
		error = read_words(json_object_get(config->json, "needs"), "/needs",
				   &config->needs);
	if (!error)
		error = read_devices(json_object_get(config->json, "devices"), config);
	if (!error)
		error = read_count(passes, "module", &config->module_passes);
	if (!error)
		error = read_count(passes, "plain", &config->plain_passes);
	if (!error)
		error = read_count(passes, "device", &config->device_passes);
	return error;
}

struct error *gate_config_load(const char *path, struct gate_config *ret)
{
	struct gate_config config = *ret;
	struct error *error = json_load_path(path, &config.json);

	if (!error)
		error = error_wrap(read_config(&config), "%s", path);
	if (error) {
		gate_config_deinit(&config);
		return error;
	}
	*ret = config;
	return NULL;
}

void gate_config_deinit(struct gate_config *config)
{
	for (size_t i = 0; i < config->builds_count; i++)
		string_list_deinit(&config->builds[i].variables);
	for (size_t i = 0; i < config->devices_count; i++) {
		if (config->discovered)
			free((char *)config->devices[i].path);
		string_list_deinit(&config->devices[i].probe);
	}
	string_list_deinit(&config->load);
	string_list_deinit(&config->needs);
	json_decref(config->json);
	config->json = NULL;
	config->builds_count = config->devices_count = 0;
}
