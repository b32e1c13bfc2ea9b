/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/hot.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"

/* What takes a handler, as written in the source (macro or function). */
static const char *const takers[] = { "request_irq",
				      "request_threaded_irq",
				      "request_any_context_irq",
				      "request_percpu_irq",
				      "devm_request_irq",
				      "devm_request_threaded_irq",
				      "devm_request_any_context_irq",
				      "pci_request_irq",
				      "timer_setup",
				      "timer_setup_on_stack",
				      "__timer_init",
				      "setup_timer",
				      "DEFINE_TIMER",
				      "hrtimer_setup",
				      "netif_napi_add",
				      "netif_napi_add_tx",
				      "netif_napi_add_weight",
				      "netif_napi_add_tx_weight",
				      "netif_tx_napi_add",
				      "tasklet_init",
				      "tasklet_setup",
				      "DECLARE_TASKLET",
				      "DECLARE_TASKLET_OLD",
				      "INIT_WORK",
				      "INIT_WORK_ONSTACK",
				      "INIT_DELAYED_WORK",
				      "INIT_DEFERRABLE_WORK",
				      "DECLARE_WORK",
				      "DECLARE_DELAYED_WORK",
				      "irq_work_queue",
				      "init_irq_work",
				      NULL };

void hot_paths_deinit(struct hot_paths *paths)
{
	free(paths->items);
	*paths = (struct hot_paths){ 0 };
}

static struct error *gather(const struct source_model *model, struct hot_paths *ret)
{
	model_for_each_unit(model, unit)
	{
		if (!unit->primary)
			continue;
		unit_for_each(unit, node)
		{
			if (node->kind != NODE_FUNCTION ||
			    !(node->flags & NODE_DEFINITION) || !node->name)
				continue;
			if (!array_grow(ret->items, ret->count, ret->capacity))
				return error_nomem();
			ret->items[ret->count++] =
				(struct hot_function){ .unit = unit, .function = node };
		}
	}
	return NULL;
}

/* The definition that @name means in @unit. */
static struct hot_function *resolve(const struct hot_paths *paths,
				    const struct unit *unit, const char *name)
{
	for (size_t i = 0; i < paths->count; i++) {
		struct hot_function *f = &paths->items[i];

		if (!strcmp(f->function->name, name) &&
		    (f->unit == unit || !(f->function->flags & NODE_STATIC)))
			return f;
	}
	return NULL;
}

/* "hrtimer.function = f" has no macro to tell it. */
static bool assigns_handler(const struct unit *unit, const struct node *node)
{
	const struct node *parent = node_parent(unit, node), *left;

	while (parent && (parent->kind == NODE_OTHER || parent->kind == NODE_UNARY))
		parent = node_parent(unit, parent);
	if (!parent || parent->kind != NODE_BINARY || !parent->name ||
	    strcmp(parent->name, "="))
		return false;
	left = node_child(unit, parent);
	return left && left->kind == NODE_MEMBER && left->name && left->owner &&
	       !strcmp(left->owner, "hrtimer") && !strcmp(left->name, "function");
}

static const char *taken_by(const struct unit *unit, const struct node *reference)
{
	const struct node *call = node_above(unit, reference, NODE_CALL);

	if (name_in(reference->macro, takers))
		return reference->macro;
	if (call && name_in(call->name, takers) &&
	    node_bare(unit, node_child(unit, call)) != reference)
		return call->name;
	return assigns_handler(unit, reference) ? "hrtimer" : NULL;
}

static void find_roots(const struct source_model *model, struct hot_paths *paths)
{
	model_for_each_unit(model, unit)
	{
		if (!unit->primary)
			continue;
		unit_for_each(unit, node)
		{
			struct hot_function *f;
			const char *how;

			if (node->kind != NODE_REFERENCE ||
			    !(node->flags & NODE_FUNCTION_REF) || !node->name)
				continue;
			how = taken_by(unit, node);
			f = how ? resolve(paths, unit, node->name) : NULL;
			if (f && !f->root) {
				f->root = f->function->name;
				f->how = how;
			}
		}
	}
}

/* One step further; false when nothing became hot any more. */
static bool spread(struct hot_paths *paths)
{
	bool changed = false;

	for (size_t i = 0; i < paths->count; i++) {
		const struct hot_function *f = &paths->items[i];

		if (!f->root)
			continue;
		node_for_each_below(f->unit, f->function, node)
		{
			struct hot_function *to;

			if (node->kind != NODE_CALL || !node->name)
				continue;
			to = resolve(paths, f->unit, node->name);
			if (!to || to->root)
				continue;
			to->root = f->root;
			to->how = f->how;
			changed = true;
		}
	}
	return changed;
}

struct error *hot_paths_find(const struct source_model *model, struct hot_paths *ret)
{
	struct error *error = gather(model, ret);

	if (error)
		return error;
	find_roots(model, ret);
	while (spread(ret))
		;
	return NULL;
}

const struct hot_function *hot_paths_look(const struct hot_paths *paths,
					  const struct node *function)
{
	for (size_t i = 0; i < paths->count; i++)
		if (paths->items[i].function == function)
			return paths->items[i].root ? &paths->items[i] : NULL;
	return NULL;
}
