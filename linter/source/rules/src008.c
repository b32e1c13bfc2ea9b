/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/array.h"
#include "linter/source/source.h"

/* What devm_ obtains and what must not be called on it by hand. */
static const struct {
	const char *get, *put;
	unsigned int argument; /* of put: the thing */
	unsigned int handle;   /* of get: where the thing is given; 0: it is returned */
} pairs[] = {
	{ "devm_kmalloc", "kfree", 0, 0 },
	{ "devm_kzalloc", "kfree", 0, 0 },
	{ "devm_kcalloc", "kfree", 0, 0 },
	{ "devm_kmalloc_array", "kfree", 0, 0 },
	{ "devm_kstrdup", "kfree", 0, 0 },
	{ "devm_kmemdup", "kfree", 0, 0 },
	{ "devm_kasprintf", "kfree", 0, 0 },
	{ "devm_ioremap", "iounmap", 0, 0 },
	{ "devm_ioremap_resource", "iounmap", 0, 0 },
	{ "devm_platform_ioremap_resource", "iounmap", 0, 0 },
	{ "devm_clk_get", "clk_put", 0, 0 },
	{ "devm_gpiod_get", "gpiod_put", 0, 0 },
	{ "devm_gpiod_get_optional", "gpiod_put", 0, 0 },
	{ "devm_regulator_get", "regulator_put", 0, 0 },
	{ "devm_reset_control_get", "reset_control_put", 0, 0 },
	{ "devm_pwm_get", "pwm_put", 0, 0 },
	{ "devm_request_irq", "free_irq", 0, 1 },
	{ "devm_request_threaded_irq", "free_irq", 0, 1 },
	{ "devm_gpio_request", "gpio_free", 0, 1 },
	{ "devm_alloc_etherdev_mqs", "free_netdev", 0, 0 },
	{ "devm_spi_alloc_master", "spi_master_put", 0, 0 },
	{ "devm_rtc_allocate_device", "rtc_device_unregister", 0, 0 },
	{ "devm_iio_device_alloc", "iio_device_free", 0, 0 },
	{ "devm_iio_device_register", "iio_device_unregister", 0, 2 },
	{ "devm_register_netdev", "unregister_netdev", 0, 2 },
	{ "devm_hwmon_device_register_with_info", "hwmon_device_unregister", 0, 0 },
};

/* What the result of a call is assigned to, or initialises. */
static const struct node *assigned_to(const struct unit *unit, const struct node *call)
{
	const struct node *at = call, *up = node_parent(unit, call);

	while (up && (up->kind == NODE_OTHER || up->kind == NODE_CAST)) {
		at = up;
		up = node_parent(unit, up);
	}
	if (!up)
		return NULL;
	if (up->kind == NODE_VARIABLE)
		return up;
	if (up->kind == NODE_BINARY && up->name && !strcmp(up->name, "=") &&
	    node_child(unit, up) != at)
		return node_bare(unit, node_child(unit, up));
	return NULL;
}

/* Same member of the same structure, or same local in the same function. */
static bool same_thing(const struct unit *a_unit, const struct node *a,
		       const struct unit *b_unit, const struct node *b)
{
	if (!a || !b || !a->name || !b->name || strcmp(a->name, b->name))
		return false;
	if (a->kind == NODE_MEMBER && b->kind == NODE_MEMBER)
		return a->owner && b->owner && !strcmp(a->owner, b->owner);
	return a_unit == b_unit && a->kind != NODE_MEMBER && b->kind != NODE_MEMBER &&
	       node_function(a_unit, a) == node_function(b_unit, b);
}

struct search {
	struct linter *linter;
	const struct subject *subject;
	const char *get, *put;
	unsigned int argument;
	const struct unit *unit; /* where it is obtained */
	const struct node *thing;
};

static struct error *find_put(const struct search *s)
{
	struct error *error = NULL;

	model_for_each_unit(subject_source(s->subject), unit)
	{
		unit_for_each(unit, node)
		{
			const struct node *argument;

			if (error || !unit->primary || node->kind != NODE_CALL ||
			    !node->name || strcmp(node->name, s->put))
				continue;
			argument = call_argument(unit, node, s->argument);
			if (!argument || !same_thing(s->unit, s->thing, unit,
						     node_bare(unit, argument)))
				continue;
			error = source_emit_node(
				s->linter, s->subject, unit, node,
				"leave it to devm, or obtain it without",
				"%s() of '%s', which %s() will release again", s->put,
				s->thing->name, s->get);
		}
	}
	return error;
}

static struct error *look(struct linter *linter, const struct subject *subject,
			  const struct unit *unit, const struct node *node)
{
	struct error *error = NULL;

	if (node->kind != NODE_CALL || !node->name || strncmp(node->name, "devm_", 5))
		return NULL;
	for (size_t i = 0; !error && i < ARRAY_LENGTH(pairs); i++) {
		const struct node *thing;

		if (strcmp(pairs[i].get, node->name))
			continue;
		thing = pairs[i].handle ? call_argument(unit, node, pairs[i].handle)
					: assigned_to(unit, node);
		if (thing && pairs[i].handle)
			thing = node_bare(unit, thing);
		if (thing)
			error = find_put(&(struct search){
				linter, subject, pairs[i].get, pairs[i].put,
				pairs[i].argument, unit, thing });
	}
	return error;
}

static struct error *run(struct linter *linter, const struct subject *subject)
{
	return source_each_node(linter, subject, look);
}

SOURCE_CHECK(SRC008, run);
