using FinIntent.Settings;
using Xunit;

namespace FinIntent.Tests.Settings;

public sealed class SettingsFileTests : IDisposable
{
    readonly string _file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():n}.yaml");

    SettingsFile Load(string yaml, params string[] overrides)
    {
        File.WriteAllText(_file, "model_name_or_path: base\n" + yaml);
        return SettingsFile.Load(_file, overrides);
    }

    string ErrorOf(string yaml, params string[] overrides) => Assert.Throws<UserErrorException>(() => Load(yaml, overrides)).Message;

    public void Dispose() => File.Delete(_file);

    // The keys of the seed's training files.
    const string Seed = """
        ### model
        trust_remote_code: true

        ### method
        stage: sft
        do_train: true
        finetuning_type: lora
        lora_target: all

        ### dataset
        dataset: intent_understanding
        template: qwen
        cutoff_len: 2048
        max_samples: 1000
        overwrite_cache: true
        preprocessing_num_workers: 16

        ### output
        output_dir: saves/qwen/lora/sft
        logging_steps: 10
        save_steps: 500
        plot_loss: true
        overwrite_output_dir: true

        ### train
        per_device_train_batch_size: 1
        gradient_accumulation_steps: 8
        learning_rate: 1.0e-4
        num_train_epochs: 3.0
        lr_scheduler_type: cosine
        warmup_ratio: 0.1
        bf16: true
        ddp_timeout: 180000000

        ### eval
        val_size: 0.1
        per_device_eval_batch_size: 1
        eval_strategy: steps
        eval_steps: 500
        """;

    [Theory]
    [InlineData("[紧急]账户冻结了", "[紧急]账户冻结了")]
    [InlineData("{x}", "{x}")]
    [InlineData("\"涨停\"是什么", "\"涨停\"是什么")]
    [InlineData("'大盘 怎么样'", "大盘 怎么样")]
    public void A_text_on_the_command_line_may_begin_with_a_bracket(string given, string question) =>
        Assert.Equal(question, Load("", $"question={given}").Inference.Question);

    [Fact]
    public void A_bracket_that_is_not_closed_is_named_with_its_line() =>
        Assert.Matches(@"\.yaml:3: .*not closed", ErrorOf("lora_rank: 8\nlora_target: [q_proj\nseed: 2"));

    [Fact]
    public void Reasoning_templates_do_not_think_unless_asked() =>
        Assert.Equal((false, true), (Load("").Dataset.EnableThinking, Load("enable_thinking: true").Dataset.EnableThinking));

    [Fact]
    public void The_seeds_training_file_is_read_as_it_is()
    {
        var s = Load(Seed);

        Assert.Equal("base", s.Model.ModelNameOrPath);
        Assert.Equal((Stage.Sft, FinetuningType.Lora), (s.Method.Stage, s.Method.FinetuningType));
        Assert.Equal(["all"], s.Method.LoraTarget);
        Assert.Equal((8, 16.0, 0.0), (s.Method.LoraRank, s.Method.EffectiveLoraAlpha, s.Method.LoraDropout));
        Assert.Equal(["intent_understanding"], s.Dataset.Dataset);
        Assert.Equal(("qwen", 2048, 1000, 0.1), (s.Dataset.Template, s.Dataset.CutoffLen, s.Dataset.MaxSamples, s.Dataset.ValSize));
        Assert.Equal(("saves/qwen/lora/sft", 10.0, 500.0, true, true),
            (s.Output.OutputDir, s.Output.LoggingSteps, s.Output.SaveSteps, s.Output.PlotLoss, s.Output.OverwriteOutputDir));
        Assert.Equal((1, 8, 1e-4, 3.0),
            (s.Train.PerDeviceTrainBatchSize, s.Train.GradientAccumulationSteps, s.Train.LearningRate, s.Train.NumTrainEpochs));
        Assert.Equal((SchedulerType.Cosine, 0.1, true), (s.Train.LrSchedulerType, s.Train.WarmupRatio, s.Train.Bf16));
        Assert.Equal((1, EvaluationStrategy.Steps, 500.0),
            (s.Evaluation.PerDeviceEvalBatchSize, s.Evaluation.EvalStrategy, s.Evaluation.EvalSteps));
        Assert.Equal(["without effect here: trust_remote_code, preprocessing_num_workers, ddp_timeout"], s.Notes);
    }

    [Fact]
    public void The_seeds_export_and_inference_keys_are_read()
    {
        var s = Load("""
            adapter_name_or_path: saves/a, saves/b
            template: qwen
            finetuning_type: lora
            trust_remote_code: true
            infer_backend: huggingface
            export_dir: models/merged
            export_size: 2
            export_device: cpu
            export_legacy_format: false
            """);

        Assert.Equal(["saves/a", "saves/b"], s.Model.AdapterPaths);
        Assert.Equal(("models/merged", 2), (s.Export.ExportDir, s.Export.ExportSize));
    }

    [Fact]
    public void Defaults_are_LLaMA_Factorys()
    {
        var s = Load("");

        Assert.Equal((2048, "data", false, 0.0), (s.Dataset.CutoffLen, s.Dataset.DatasetDir, s.Dataset.NeatPacking, s.Dataset.ValSize));
        Assert.Equal((8, 8, 1, 5e-5, 3.0, -1), (s.Train.PerDeviceTrainBatchSize, s.Evaluation.PerDeviceEvalBatchSize,
            s.Train.GradientAccumulationSteps, s.Train.LearningRate, s.Train.NumTrainEpochs, s.Train.MaxSteps));
        Assert.Equal((0.9, 0.999, 1e-8, 1.0, 0.0),
            (s.Train.AdamBeta1, s.Train.AdamBeta2, s.Train.AdamEpsilon, s.Train.MaxGradNorm, s.Train.WeightDecay));
        Assert.Equal((SchedulerType.Linear, 0.0, 42, false), (s.Train.LrSchedulerType, s.Train.WarmupSteps, s.Train.Seed, s.Train.Bf16));
        Assert.Equal((500.0, 500.0, SaveStrategy.Steps, "trainer_output"),
            (s.Output.LoggingSteps, s.Output.SaveSteps, s.Output.SaveStrategy, s.Output.OutputDir));
        Assert.Equal((0.95, 0.7, 50, 1024, true), (s.Generation.Temperature, s.Generation.TopP, s.Generation.TopK,
            s.Generation.MaxNewTokens, s.Generation.DoSample));
        Assert.Equal((5, 2), (s.Export.ExportSize, s.Method.FreezeTrainableLayers));
    }

    [Theory]
    [InlineData("1e-4", 1e-4)] // a string to YAML 1.1
    [InlineData("1.0e-4", 1e-4)]
    [InlineData("2", 2.0)]
    [InlineData("\"3e-5\"", 3e-5)]
    public void Numbers_are_read_in_every_spelling(string text, double expected) =>
        Assert.Equal(expected, Load($"learning_rate: {text}").Train.LearningRate);

    [Theory]
    [InlineData("null")]
    [InlineData("~")]
    [InlineData("")]
    public void Null_and_omitted_are_equal(string text) => Assert.Equal(5e-5, Load($"learning_rate: {text}").Train.LearningRate);

    [Fact]
    public void The_command_line_wins_over_the_file()
    {
        var s = Load("learning_rate: 1\nlora_rank: 4\nmax_samples: 3", "learning_rate=2e-3", "max_samples=null",
            "lora_target=[q_proj, v_proj]",
            "lr_scheduler_kwargs={num_cycles: 2}", "report_to=tensorboard");

        Assert.Equal((2e-3, 4, null), (s.Train.LearningRate, s.Method.LoraRank, s.Dataset.MaxSamples));
        Assert.Equal(["q_proj", "v_proj"], s.Method.LoraTarget);
        Assert.Equal(2, s.Train.LrSchedulerKwargs["num_cycles"]);
        Assert.Equal([Report.Tensorboard], s.Output.ReportTo);
    }

    [Theory]
    [InlineData("lora_rnak: 4", ".yaml:2: unknown key \"lora_rnak\"; did you mean \"lora_rank\"?")]
    [InlineData("stage: sft\nleraning_rate: 4", ".yaml:3: unknown key \"leraning_rate\"; did you mean \"learning_rate\"?")]
    [InlineData("lora_rank: four", ".yaml:2: lora_rank: expected a number, got \"four\"")]
    [InlineData("lora_rank: 4.5", ".yaml:2: lora_rank: expected a whole number, got \"4.5\"")]
    [InlineData("lora_rank: 0", ".yaml:2: lora_rank: 0 is out of range; allowed are numbers from 1")]
    [InlineData("lora_dropout: 1", ".yaml:2: lora_dropout: 1 is out of range; allowed are numbers from 0 to below 1")]
    [InlineData("bf16: maybe", ".yaml:2: bf16: expected true or false, got \"maybe\"")]
    [InlineData("bf16: [true]", ".yaml:2: bf16: expected one value, got a list or a map")]
    [InlineData("stage: sfd", ".yaml:2: stage: \"sfd\" is not one of pt, sft")]
    [InlineData("stage: dpo", ".yaml:2: stage: dpo is not supported: there is no training on preferences")]
    [InlineData("optim: adamw_8bit", ".yaml:2: optim: adamw_8bit is not supported: AdamW is the only optimizer")]
    [InlineData("optim: adamw_bnb_8bit", ".yaml:2: optim: adamw_bnb_8bit is not supported: AdamW is the only optimizer")]
    [InlineData("report_to: [tensorboard, wandb]", ".yaml:2: report_to: wandb is not supported: use tensorboard")]
    [InlineData("deepspeed: ds.json", ".yaml:2: deepspeed: DeepSpeed is not supported: a run is one process on one device")]
    [InlineData("use_galore: true", ".yaml:2: use_galore: GaLore is not supported: AdamW is the only optimizer")]
    [InlineData("quantization_bit: 3", ".yaml:2: quantization_bit: 3 is not one of 4, 8")]
    [InlineData("quantization_bit: 4\nquantization_method: fp8",
        ".yaml:3: quantization_method: fp8 has 8 bits, and quantization_bit is 4; use bnb")]
    [InlineData("quantization_method: gptq",
        ".yaml:2: quantization_method: gptq is not supported: checkpoints quantised that way are not read; name the 16-bit model")]
    [InlineData("quantization_method: hqq", ".yaml:2: quantization_method: hqq is not supported: use bnb")]
    [InlineData("quantization_type: fp4",
        ".yaml:2: quantization_type: fp4 is not supported: fp4 has the size of nf4 and twice its error; use nf4")]
    [InlineData("quantization_bit: 8\nfinetuning_type: full",
        ".yaml:2: quantization_bit: packed weights cannot be trained; use finetuning_type: lora, not full")]
    [InlineData("quantization_bit: 8\nfinetuning_type: freeze",
        ".yaml:2: quantization_bit: packed weights cannot be trained; use finetuning_type: lora, not freeze")]
    [InlineData("quantization_bit: 8\nadapter_name_or_path: a,b",
        ".yaml:3: adapter_name_or_path: adapters cannot be merged into packed weights, so there is room for one; merge")]
    [InlineData("quantization_bit: 8\nadapter_name_or_path: a\ncreate_new_adapter: true",
        ".yaml:3: adapter_name_or_path: adapters cannot be merged")]
    [InlineData("export_quantization_bit: 4",
        ".yaml:2: export_quantization_bit: a quantised export is not supported: an export is written in 16 or 32 bits; quantization_bit")]
    [InlineData("stage: sft\nstage: pt", ".yaml:3: not valid YAML: the key \"stage\" stands twice")]
    [InlineData("stage: [", ".yaml:")]
    [InlineData("adapter_name_or_path: a\nfinetuning_type: full",
        ".yaml:2: adapter_name_or_path: only finetuning_type: lora has adapters, not full")]
    [InlineData("val_size: 0.1\neval_dataset: b", ".yaml:2: val_size: it cuts validation rows from dataset, and eval_dataset names others")]
    [InlineData("mask_history: true\ntrain_on_prompt: true", ".yaml:2: mask_history:")]
    [InlineData("load_best_model_at_end: true", ".yaml:2: load_best_model_at_end: evaluations tell which is the best; set eval_strategy")]
    [InlineData("load_best_model_at_end: true\neval_strategy: steps\nsave_only_model: true",
        ".yaml:2: load_best_model_at_end: save_only_model leaves out")]
    [InlineData("early_stopping_steps: 3", ".yaml:2: early_stopping_steps: it counts evaluations")]
    public void Errors_name_the_line_the_key_and_what_is_allowed(string yaml, string message) => Assert.Contains(message, ErrorOf(yaml));

    [Fact]
    public void Errors_of_the_command_line_say_so()
    {
        Assert.Equal("command line: lora_rank: expected a number, got \"x\"", ErrorOf("", "lora_rank=x"));
        Assert.Equal("command line: unknown key \"laerning_rate\"; did you mean \"learning_rate\"?", ErrorOf("", "laerning_rate=x"));
        Assert.Equal("command line: expected key=value, got \"lora_rank\"", ErrorOf("", "lora_rank"));
    }

    [Fact]
    public void All_errors_are_listed()
    {
        Assert.Equal(["command line: unknown key \"laerning_rate\"; did you mean \"learning_rate\"?",
            "command line: lora_rank: expected a number, got \"x\""],
            ErrorOf("", "lora_rank=x", "laerning_rate=x").Split('\n'));
        Assert.Equal(2, ErrorOf("", "val_size=0.1", "eval_dataset=a", "bf16=true", "fp16=true").Split('\n').Length);
    }

    [Theory]
    [InlineData("use_galore: false")]
    [InlineData("deepspeed: null")]
    [InlineData("num_beams: 1")]
    [InlineData("neftune_noise_alpha:")]
    [InlineData("label_smoothing_factor: 0")]
    public void Refused_keys_are_accepted_where_they_change_nothing(string yaml) => Load(yaml);

    [Fact]
    public void A_missing_model_and_missing_rows_are_named()
    {
        Assert.Contains("model_name_or_path is missing", ErrorOf("", "model_name_or_path="));
        Assert.Contains("nothing to train on", Assert.Throws<UserErrorException>(() => CrossChecks.CheckTraining(Load(""))).Message);
        Assert.Contains("do_eval: there are no validation rows",
            Assert.Throws<UserErrorException>(() => CrossChecks.CheckTraining(Load("dataset: a\ndo_eval: true"))).Message);
    }

    [Fact]
    public void Resolved_values_can_be_written_and_read_back()
    {
        var s = Load(Seed, "lr_scheduler_kwargs={power: 2}", "report_to=tensorboard");
        var resolved = s.Resolved();

        Assert.Equal("cosine", resolved["lr_scheduler_type"]);
        Assert.Equal(new object?[] { "tensorboard" }, resolved["report_to"]);
        Assert.Equal(SettingsFile.Keys.Order(), resolved.Keys.Order());
    }
}
