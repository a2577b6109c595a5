// SPDX-License-Identifier: GPL-2.0-only
/*
 * splat - does what kernel code must not do, when it is loaded, so that a test
 * can show that the guests notice
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *how = "";
module_param(how, charp, 0);
MODULE_PARM_DESC(how, "use-after-free, leak, deadlock or warning");

static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);

static void both(spinlock_t *first, spinlock_t *second)
{
	spin_lock(first);
	spin_lock(second);
	spin_unlock(second);
	spin_unlock(first);
}

static int __init splat_init(void)
{
	char *object;
	int i;

	if (!strcmp(how, "use-after-free")) {
		object = kzalloc(64, GFP_KERNEL);
		kfree(object);
		if (READ_ONCE(object[8]))
			pr_info("splat: not zero\n");
	} else if (!strcmp(how, "leak")) {
		/* more than one: a stale pointer on the stack hides the last */
		for (i = 0; i < 16; i++)
			object = kzalloc(64, GFP_KERNEL);
	} else if (!strcmp(how, "deadlock")) {
		both(&lock_a, &lock_b);
		both(&lock_b, &lock_a);
	} else if (!strcmp(how, "warning")) {
		WARN_ON(1);
	} else {
		return -EINVAL;
	}
	return 0;
}

static void __exit splat_exit(void)
{
}

module_init(splat_init);
module_exit(splat_exit);

MODULE_DESCRIPTION("Deliberate faults, to test the tests");
MODULE_LICENSE("GPL");
