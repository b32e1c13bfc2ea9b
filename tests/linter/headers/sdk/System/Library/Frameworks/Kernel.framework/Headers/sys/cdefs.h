/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#define __deprecated		__attribute__((deprecated))
#define __kpi_deprecated(words) __attribute__((deprecated(words)))
