extension Recipe {
    /// Income, marital status and working hours of the small census extract.
    static let adult = Recipe(
        name: "adult", summary: "income above 50K, never married, hours per week",
        text: #"""
            # Adult (Census Income): two yes/no tasks and a quantity over a small table.
            #
            #     tandem train adult.toml adult.data.gz
            #
            # To test on the publisher's own test file instead of a part of the first, set
            # by = "file" in [split] and give both:
            #
            #     tandem train adult.toml adult.data.gz adult.test.gz

            [model]
            name = "adult"
            architecture = "mmoe"
            experts = 4
            expert_layers = [64, 32]
            tower_layers = [16]

            [data]
            header = false
            columns = [
                "age", "workclass", "fnlwgt", "education", "education_num", "marital_status",
                "occupation", "relationship", "race", "sex", "capital_gain", "capital_loss",
                "hours_per_week", "native_country", "income",
            ]
            trim = true
            missing = ["?"]

            # Not among the inputs: the labels; relationship, because husbands and wives are
            # married; education, which education_num says in a number; fnlwgt, a survey weight.

            [[feature]]
            columns = ["age", "education_num"]
            kind = "numeric"

            [[feature]]
            name = "age_bucket"
            column = "age"
            kind = "buckets"
            buckets = 20
            embedding_dim = 6

            [[feature]]
            columns = ["capital_gain", "capital_loss"]
            kind = "numeric"
            transform = ["log1p", "standardize"]

            [[feature]]
            columns = ["workclass", "occupation", "race", "sex", "native_country"]
            kind = "categorical"
            embedding_dim = 6

            [[task]]
            name = "income"
            kind = "binary"
            label = 'income == ">50K"'

            [[task]]
            name = "never_married"
            kind = "binary"
            label = 'marital_status == "Never-married"'

            [[task]]
            name = "hours"
            kind = "regression"
            label = "hours_per_week"
            weight = 0.5

            [training]
            learning_rate = 0.001
            batch_size = 256
            epochs = 25
            patience = 3
            l2 = 0.01
            seed = 1
            """# + "\n")
}
