/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Failed reads and writes of the state directory, see state-errors.h. */
#include "daemon/journals/state-errors.h"

#include <errno.h>
#include <stdatomic.h>

static _Atomic uint64_t errors;

int state_counted(int r)
{
	if (r < 0 && r != -ENOENT && r != -ENOTDIR && r != -EEXIST && r != -ENOTEMPTY &&
		r != -EBUSY)
		atomic_fetch_add_explicit(&errors, 1, memory_order_relaxed);
	return r;
}

uint64_t state_errors(void)
{
	return atomic_load_explicit(&errors, memory_order_relaxed);
}
