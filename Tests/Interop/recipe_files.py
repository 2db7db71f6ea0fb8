"""The files of each recipe that is trained on real data, below the data sets' folder."""

FILES = {
    "census-income-kdd": ["census-income-kdd/census-income.test.gz"],
    "adult": ["adult/adult.data.gz", "adult/adult.test.gz"],
    "online-shoppers": ["online-shoppers/online_shoppers_intention.csv"],
    "credit-card-default": ["credit-card-default/credit_card_default.csv.gz"],
    "scms-shipments": ["scms-shipments/SCMS_Delivery_History_Dataset_20150929.csv.gz"],
    "bike-sharing-hourly": ["bike-sharing-hourly/hour.csv.gz"],
    "customer-service": ["bitext-customer-support/bitext_customer_support_20k.csv.gz"],
    "womens-clothing-reviews": ["womens-clothing-reviews/womens_clothing_reviews.csv.gz"],
}
