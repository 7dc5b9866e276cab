"""Configurations that change at random."""

import test_random_reloads
from exposition import losses
from fault_case import FaultCase


class RandomReloads(test_random_reloads.RandomReloads):
    def setUp(self):
        super().setUp()
        self.reloads = FaultCase.size.reloads

    def report(self, made, samples, pages):
        lost = losses(samples).get("no_entry", 0)
        FaultCase.row("configurations at random",
                      f"{self.reloads} reloads under load out of 20 (labels, lengths, buckets, conditions, process labels), seed {self.seed}, "
                      "scraped all the time", made, test_random_reloads.total(samples, "duration_ms_count"),
                      f"missing no more than {lost} calls in flight while their probe changed (`no_entry`); on {pages:,} pages no counter "
                      "lower; as many pins as before")
