// SPDX-License-Identifier: GPL-2.0-or-later
// A pointer that can only be an ERR_PTR is tested for NULL alone.
// Matches are marked, nothing is changed.
@ null @
expression x;
statement S;
identifier f = {clk_get, devm_clk_get, regulator_get, devm_regulator_get, class_create,
	device_create, kthread_run, kthread_create, platform_device_register_simple,
	devm_ioremap_resource, devm_platform_ioremap_resource, filp_open, root_device_register,
	reset_control_get, devm_reset_control_get, phy_get, devm_phy_get, gpiod_get,
	devm_gpiod_get, pwm_get, devm_pwm_get, i2c_new_client_device, proc_ns_fget};
@@
 x = f(...);
 ... when != IS_ERR(x)
     when != IS_ERR_OR_NULL(x)
     when != x = ...
*if (\(!x\|x == NULL\))
 S

@ declared @
identifier x;
type T;
statement S;
identifier f = {clk_get, devm_clk_get, regulator_get, devm_regulator_get, class_create,
	device_create, kthread_run, kthread_create, platform_device_register_simple,
	devm_ioremap_resource, devm_platform_ioremap_resource, filp_open, root_device_register,
	reset_control_get, devm_reset_control_get, phy_get, devm_phy_get, gpiod_get,
	devm_gpiod_get, pwm_get, devm_pwm_get, i2c_new_client_device, proc_ns_fget};
@@
 T x = f(...);
 ... when != IS_ERR(x)
     when != IS_ERR_OR_NULL(x)
     when != x = ...
*if (\(!x\|x == NULL\))
 S
