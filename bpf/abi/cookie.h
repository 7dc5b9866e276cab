/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The attach cookie of a site: function << ABI_COOKIE_SHIFT | the bit below | the address in the file's terms. */
#ifndef ABI_COOKIE_H
#define ABI_COOKIE_H

#include "abi/limits.h"

enum abi_cookie {
	ABI_COOKIE_CHECK = 47,    /* the bit is set where the site is the jump of a stack check; addresses are shorter */
};

#endif
