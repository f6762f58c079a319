#!/usr/bin/env python3
"""The table that docs/tour.md learns from: python3 bench/tour/sales.py > sales.csv

3,000 sales in ten towns. Towns are of three kinds that nothing names; the weekend raises sales, and the more so by the town's kind.
"""
import random

random.seed(1)
TOWNS = ["Ulm", "Bonn", "Jena", "Kiel", "Lahr", "Trier", "Worms", "Celle", "Emden", "Fulda"]
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
print("id,town,day,promo,temperature,sales")
for row in range(3000):
    town, day, promo, temperature = random.choice(TOWNS), random.choice(DAYS), random.choice("yn"), random.gauss(12, 6)
    kind = TOWNS.index(town) % 3
    weekend = 40 * (1 + kind) if day in ("Sat", "Sun") else 0
    sales = 100 + 60 * kind + weekend + (25 if promo == "y" else 0) + 2 * temperature + random.gauss(0, 10)
    print(f"{row},{town},{day},{promo},{temperature:.1f},{sales:.2f}")
