/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <clang-c/Index.h>
#include <pthread.h>

#include "linter/source/model.h"

/*
 * Copies what stands in the driver's own files into @unit: nodes and diagnostics, and
 * sets its status. @lock guards model->files.
 */
struct error *cursor_copy(CXTranslationUnit tu, struct source_model *model,
			  pthread_mutex_t *lock, struct unit *unit);
