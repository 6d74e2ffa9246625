namespace FinIntent.Settings;

/// <summary>What keys demand of each other.</summary>
static class CrossChecks
{
    public static void Check(SettingsFile s, List<string> problems)
    {
        var isApi = s.Api.Api is not null || s.Given.Keys.Any(key => key.StartsWith("api_", StringComparison.Ordinal));
        Action<SettingsFile> checkWhom = isApi ? CheckApi : CheckModel;
        Action<SettingsFile>[] checks =
            [checkWhom, CheckMethod, CheckQuantization, CheckData, CheckEvaluation, CheckCalibration, CheckJudge];
        foreach (var check in checks) UserErrorException.Note(() => check(s), problems);
    }

    static void CheckModel(SettingsFile s)
    {
        if (s.Api.Api is not null) throw Error(s, "api", "training needs a local model; only `finintent eval` asks one behind an API");
        if (s.Model.ModelNameOrPath == "")
            throw new UserErrorException($"{s.Path}: model_name_or_path is missing; name the base model's folder");
    }

    /// <summary>What only training demands.</summary>
    public static void CheckTraining(SettingsFile s)
    {
        CheckModel(s);
        if (s.Given.ContainsKey("batch_size"))
            throw Error(s, "batch_size", "it is LLaMA-Factory's key of its exams; " +
                "training has per_device_train_batch_size and gradient_accumulation_steps");
        if (s.Dataset.Dataset.Count == 0 && s.Dataset.TokenizedPath is null)
            throw new UserErrorException(
                $"{s.Path}: there is nothing to train on; give dataset (names of dataset_info.json) or tokenized_path");
        var evaluates = s.Evaluation.DoEval || s.Evaluation.EvalStrategy != EvaluationStrategy.No;
        if (evaluates && s.Dataset.EvalDataset.Count == 0 && s.Dataset.ValSize == 0)
            throw Error(s, s.Given.ContainsKey("do_eval") ? "do_eval" : "eval_strategy",
                "there are no validation rows; give eval_dataset or val_size");
    }

    static void CheckMethod(SettingsFile s)
    {
        if (s.Method.FinetuningType != FinetuningType.Lora && s.Model.AdapterNameOrPath.Count > 0)
            throw Error(s, "adapter_name_or_path", $"only finetuning_type: lora has adapters, not {Name(s.Method.FinetuningType)}");
        if (s.Train.Bf16 && s.Train.Fp16)
            throw Error(s, "fp16", "bf16: true is given, too; choose one (bf16 where the GPU has it)");
        if (s.Method.PureBf16 && !s.Train.Bf16)
            throw Error(s, "pure_bf16", "it needs bf16: true");
        if (s.Method.Stage == Stage.Pt && (s.Dataset.TrainOnPrompt || s.Dataset.MaskHistory))
            throw Error(s, s.Dataset.TrainOnPrompt ? "train_on_prompt" : "mask_history",
                "stage: pt has no prompts; every token is a label");
    }

    /// <summary>Also outside training, as LLaMA-Factory does (hparams/parser.py, _verify_model_args).</summary>
    static void CheckQuantization(SettingsFile s)
    {
        const string key = "quantization_bit";
        var (bits, method) = (s.Model.QuantizationBit, s.Model.QuantizationMethod);
        if (bits is null) return;
        if (bits is not (4 or 8)) throw Error(s, key, $"{bits} is not one of 4, 8");
        if (bits == 4 && method == QuantizationMethod.Fp8)
            throw Error(s, "quantization_method", "fp8 has 8 bits, and quantization_bit is 4; use bnb for 4 bits");
        if (s.Method.FinetuningType != FinetuningType.Lora)
            throw Error(s, key, $"packed weights cannot be trained; use finetuning_type: lora, not {Name(s.Method.FinetuningType)}");
        if (s.Model.AdapterNameOrPath.Count > 1 || (s.Model.AdapterNameOrPath.Count == 1 && s.Method.CreateNewAdapter))
            throw Error(s, "adapter_name_or_path",
                "adapters cannot be merged into packed weights, so there is room for one; merge the others first with `finintent export`");
    }

    static void CheckData(SettingsFile s)
    {
        if (s.Dataset.ValSize > 0 && s.Dataset.EvalDataset.Count > 0)
            throw Error(s, "val_size", "it cuts validation rows from dataset, and eval_dataset names others; give one of them");
        if (s.Dataset.ValSize > 1 && s.Dataset.ValSize != Math.Floor(s.Dataset.ValSize))
            throw Error(s, "val_size", "above 1 it is a count of rows, so a whole number");
        if (s.Dataset is { MaskHistory: true, TrainOnPrompt: true })
            throw Error(s, "mask_history", "it hides earlier answers while train_on_prompt trains on everything; give one of them");
    }

    static void CheckEvaluation(SettingsFile s)
    {
        var (evaluation, output) = (s.Evaluation, s.Output);
        if (evaluation.EarlyStoppingSteps is not null && evaluation.EvalStrategy == EvaluationStrategy.No)
            throw Error(s, "early_stopping_steps", "it counts evaluations; set eval_strategy to steps or epoch");
        if (evaluation.LoadBestModelAtEnd && evaluation.EvalStrategy == EvaluationStrategy.No)
            throw Error(s, "load_best_model_at_end", "evaluations tell which is the best; set eval_strategy to steps or epoch");
        if (evaluation.LoadBestModelAtEnd && output.SaveOnlyModel)
            throw Error(s, "load_best_model_at_end",
                "save_only_model leaves out what the best weights are restored from; give one of them");
        if (evaluation.MetricForBestModel is not (null or "loss" or "eval_loss" or "accuracy" or "eval_accuracy"))
            throw Error(s, "metric_for_best_model", $"\"{evaluation.MetricForBestModel}\" is not one of eval_loss, eval_accuracy");
        if (evaluation is { MetricForBestModel: "accuracy" or "eval_accuracy", ComputeAccuracy: false })
            throw Error(s, "metric_for_best_model", "eval_accuracy needs compute_accuracy: true");
    }

    static void CheckCalibration(SettingsFile s)
    {
        var c = s.Calibration;
        if (c.AbstainAccuracy is not null && c.AbstainCoverage is not null)
            throw Error(s, "abstain_coverage", "abstain_accuracy is given, too, and each sets the threshold; give one of them");
        if (s.Given.ContainsKey("abstain_confidence") && c.AbstainAccuracy is null)
            throw Error(s, "abstain_confidence",
                "it says how surely abstain_accuracy holds, and that is not given; give it, or remove this");
        if (c.OutOfScopeFile.Count > 0 && (s.Api.Api is not null || s.Inference.Scoring == Scoring.Generate))
            throw Error(s, "out_of_scope_file", "such questions are told by the options' probabilities; " +
                "ask a local model with scoring: options or both");
    }

    static void CheckApi(SettingsFile s)
    {
        var api = s.Api;
        if (api.Api is not { } kind)
            throw Error(s, s.Given.Keys.First(key => key.StartsWith("api_", StringComparison.Ordinal)),
                "it is for a model behind an API, and api is missing; set it to anthropic, openai, azure or ollama");
        foreach (var key in (string[])["model_name_or_path", "adapter_name_or_path"])
            if (s.Given.ContainsKey(key))
                throw Error(s, key, $"it names a local model, and api: {Name(kind)} one behind an API; give one of them");
        if (api.ApiModel is null) throw Error(s, "api", "api_model is missing; name the model (with azure: the deployment) that answers");
        if (api is { Api: ApiKind.Azure, ApiBase: null })
            throw Error(s, "api", "api_base is missing; give the resource's address, https://NAME.openai.azure.com");
        if (api.ApiVersion is not null && kind != ApiKind.Azure)
            throw Error(s, "api_version", $"only azure has one, not {Name(kind)}; remove it");
        CheckPrices(s, "api_price_input", "api_price_output");
        if (s.Given.ContainsKey("scoring") && s.Inference.Scoring != Scoring.Generate)
            throw Error(s, "scoring", $"{Name(s.Inference.Scoring)} needs the probabilities of a local model; " +
                "an API model is scored by what it writes: generate");
        foreach (var key in (string[])["do_sample", "temperature", "top_p"])
            if (kind == ApiKind.Anthropic && s.Given.ContainsKey(key))
                throw Error(s, key, "Anthropic's current models take no sampling parameters; " +
                    "for one that does, give it in api_parameters, such as {temperature: 0}");
        foreach (var key in (string[])["top_k", "repetition_penalty", "max_length"])
            if (s.Given.ContainsKey(key))
                throw Error(s, key, "it is not passed on to an API; if the server knows it, give it in api_parameters");
    }

    static void CheckJudge(SettingsFile s)
    {
        var g = s.Generate;
        string[] ofAnother = ["judge_api", "judge_api_model", "judge_api_base", "judge_api_version", "judge_api_key_variable",
            "judge_api_parameters", "judge_price_input", "judge_price_output", "judge_model_name_or_path", "judge_adapter_name_or_path"];
        if (g.Judge != JudgeKind.Another && ofAnother.FirstOrDefault(s.Given.ContainsKey) is { } given)
            throw Error(s, given, $"it is for another model than the one that writes, and judge is {Name(g.Judge)}; set judge: another");
        if (g.Judge != JudgeKind.Another) return;
        if (g.JudgeApi is null == g.JudgeModelNameOrPath is null)
            throw Error(s, "judge", $"another needs one model, and {(g.JudgeApi is null ? "none is" : "two are")} given; " +
                "give judge_api with judge_api_model, or judge_model_name_or_path");
        if (g.JudgeApi is not null && g.JudgeApiModel is null)
            throw Error(s, "judge_api", "judge_api_model is missing; name the model that judges");
        CheckPrices(s, "judge_price_input", "judge_price_output");
    }

    static void CheckPrices(SettingsFile s, string input, string output)
    {
        if (s.Given.ContainsKey(input) == s.Given.ContainsKey(output)) return;
        var given = s.Given.ContainsKey(input) ? input : output;
        throw Error(s, given, $"a price needs both, {input} and {output}; give the other one too");
    }

    static string Name(Enum value) => value.ToString().ToLowerInvariant();

    static UserErrorException Error(SettingsFile s, string key, string message) =>
        new($"{s.Given.GetValueOrDefault(key, Path.GetFileName(s.Path))}: {key}: {message}");
}
