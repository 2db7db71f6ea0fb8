#!/usr/bin/env python3
"""What a linear model reaches on the recipes' data sets: columns and splits are the recipes' own.

    linear_baselines.py --data DIR [--seeds 5] [--only NAME ...] [--json]

Prints a table by task, the mean and the spread over the seeds.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import pandas as pd
from linear import Problem, Task, evaluate

CENSUS = (
    "age class_worker det_ind_code det_occ_code education wage_per_hour hs_college marital_stat "
    "major_ind_code major_occ_code race hisp_origin sex union_member unemp_reason "
    "full_or_part_emp capital_gains capital_losses stock_dividends tax_filer_stat "
    "region_prev_res state_prev_res det_hh_fam_stat det_hh_summ instance_weight mig_chg_msa "
    "mig_chg_reg mig_move_reg mig_same mig_prev_sunbelt num_emp fam_under_18 country_father "
    "country_mother country_self citizenship own_or_self vet_question vet_benefits weeks_worked "
    "year income_50k"
).split()
ADULT = (
    "age workclass fnlwgt education education_num marital_status occupation relationship race sex "
    "capital_gain capital_loss hours_per_week native_country income"
).split()


def truth(mask):
    """A yes/no label."""
    return np.asarray(mask, dtype=np.float64)


def rest(frame, *out):
    """The columns that are left as categories."""
    return [column for column in frame.columns if column not in out]


def census_income(folder):
    path = folder / "census-income-kdd/census-income.test.gz"
    rows = pd.read_csv(path, names=CENSUS, skipinitialspace=True, dtype=str)
    tasks = [
        Task("income", "binary", truth(rows.income_50k.str.strip() == "50000+.")),
        Task("never_married", "binary", truth(rows.marital_stat == "Never married")),
    ]
    out = ["income_50k", "marital_stat", "education", "instance_weight"]
    logs = ["wage_per_hour", "capital_gains", "capital_losses", "stock_dividends"]
    numbers = ["age", "num_emp", "weeks_worked"]
    categories = rest(rows, *out, *logs, *numbers)
    return Problem("census-income-kdd", rows, tasks, numbers, logs, categories)


def adult(folder):
    path = folder / "adult/adult.data.gz"
    rows = pd.read_csv(path, names=ADULT, skipinitialspace=True, dtype=str)
    tasks = [
        Task("income", "binary", truth(rows.income == ">50K")),
        Task("never_married", "binary", truth(rows.marital_status == "Never-married")),
        Task("hours", "regression", rows.hours_per_week.astype(float).to_numpy()),
    ]
    out = ["income", "marital_status", "relationship", "hours_per_week", "fnlwgt", "education"]
    numbers, logs = ["age", "education_num"], ["capital_gain", "capital_loss"]
    return Problem("adult", rows, tasks, numbers, logs, rest(rows, *out, *numbers, *logs))


def online_shoppers(folder):
    rows = pd.read_csv(folder / "online-shoppers/online_shoppers_intention.csv", dtype=str)
    tasks = [
        Task("purchase", "binary", truth(rows.Revenue == "TRUE")),
        Task("page_of_value", "binary", truth(rows.PageValues.astype(float) > 0)),
    ]
    logs = [column for column in rows if column.startswith(("Admin", "Info", "Product"))]
    numbers = ["BounceRates", "ExitRates", "SpecialDay"]
    categories = rest(rows, "Revenue", "PageValues", *numbers, *logs)
    return Problem("online-shoppers", rows, tasks, numbers, logs, categories)


def credit_card(folder):
    rows = pd.read_csv(folder / "credit-card-default/credit_card_default.csv.gz", dtype=str)
    tasks = [
        Task("default", "binary", truth(rows["default.payment.next.month"] == "1")),
        Task("late_now", "binary", truth(rows.PAY_0.astype(float) > 0)),
    ]
    categories = ["SEX", "EDUCATION", "MARRIAGE", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6"]
    out = ["default.payment.next.month", "PAY_0", "BILL_AMT1", "AGE"]
    logs = rest(rows, *out, *categories)
    return Problem("credit-card-default", rows, tasks, ["AGE"], logs, categories)


def scms_shipments(folder):
    path = next((folder / "scms-shipments").glob("*.csv.gz"))
    rows = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    due = pd.to_datetime(rows["Scheduled Delivery Date"], format="%d-%b-%y")
    came = pd.to_datetime(rows["Delivered to Client Date"], format="%d-%b-%y")
    quantity = rows["Line Item Quantity"].astype(float)
    freight = pd.to_numeric(rows["Freight Cost (USD)"], errors="coerce")
    tasks = [
        Task("late", "binary", truth(came > due)),
        Task("log_quantity", "regression", np.log1p(quantity).to_numpy()),
        Task("log_freight", "regression", np.log1p(freight).to_numpy()),
    ]
    rows["Scheduled Month"], rows["Scheduled Year"] = due.dt.month, due.dt.year
    categories = [
        "Country", "Managed By", "Fulfill Via", "Vendor INCO Term", "Shipment Mode",
        "Product Group", "Sub Classification", "Vendor", "Molecule/Test Type", "Brand", "Dosage",
        "Dosage Form", "Manufacturing Site", "First Line Designation", "Scheduled Month",
    ]  # fmt: skip
    numbers = ["Scheduled Year"]
    logs = ["Unit of Measure (Per Pack)", "Pack Price", "Unit Price"]
    return Problem("scms-shipments", rows, tasks, numbers, logs, categories)


def bike_sharing(folder):
    rows = pd.read_csv(folder / "bike-sharing-hourly/hour.csv.gz", dtype=str)
    tasks = [
        Task(f"log_{name}", "regression", np.log1p(rows[name].astype(float)).to_numpy())
        for name in ("casual", "registered")
    ]
    numbers = ["temp", "atemp", "hum", "windspeed"]
    out = ["instant", "dteday", "casual", "registered", "cnt"]
    return Problem("bike-sharing-hourly", rows, tasks, numbers, [], rest(rows, *out, *numbers))


def clothing_reviews(folder):
    path = folder / "womens-clothing-reviews/womens_clothing_reviews.csv.gz"
    rows = pd.read_csv(path, dtype=str)
    tasks = [
        Task("recommended", "binary", truth(rows["Recommended IND"] == "1")),
        Task("rating", "multiclass", rows["Rating"].astype(float).to_numpy() - 1),
    ]
    categories = ["Division Name", "Department Name", "Class Name", "Clothing ID"]
    texts = ["Title", "Review Text"]
    return Problem("womens-clothing-reviews", rows, tasks, ["Age"], [], categories, texts)


PROBLEMS = {
    "census-income-kdd": census_income,
    "adult": adult,
    "online-shoppers": online_shoppers,
    "credit-card-default": credit_card,
    "scms-shipments": scms_shipments,
    "bike-sharing-hourly": bike_sharing,
    "womens-clothing-reviews": clothing_reviews,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the data sets' folder")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=PROBLEMS, default=list(PROBLEMS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"linear_baselines: no folder {options.data}")
    report = {}
    for name in options.only:
        problem = PROBLEMS[name](options.data)
        runs = [evaluate(problem, seed) for seed in range(options.seeds)]
        report[name] = {
            task: {
                metric: {"mean": np.mean(values), "std": np.std(values)}
                for metric in runs[0][task]
                for values in [[run[task][metric] for run in runs]]
            }
            for task in runs[0]
        }
        if not options.json:
            for task, found in report[name].items():
                cells = "  ".join(f"{m} {v['mean']:.4f} ±{v['std']:.4f}" for m, v in found.items())
                print(f"| {name} | {task} | {cells} |", flush=True)
    if options.json:
        print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
