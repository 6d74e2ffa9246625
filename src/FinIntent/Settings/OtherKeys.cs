namespace FinIntent.Settings;

/// <summary>
/// Keys LLaMA-Factory 0.9.6 reads (its hparams folder and transformers' TrainingArguments) that are not properties of a settings record.
/// </summary>
static class OtherKeys
{
    const string NoQuantization = "an export is written in 16 or 32 bits; quantization_bit packs it whenever it is loaded";
    const string Fp8 = "use bf16, or quantization_bit: 8 with quantization_method: fp8 for frozen weights in float8";
    const string NoPreferences = MethodSettings.NoPreferences;
    const string OnlyAdamW = TrainSettings.OnlyAdamW;
    const string OneProcess = "training runs in one process on one device";
    const string NoNewTokens = "the vocabulary is left as it is: new tokens would need trained embeddings";
    const string TextOnly = "rows are text only";
    const string NoOther = "the adapter starts as PEFT's default does: A uniform, B zero";
    const string NoHub = "nothing is uploaded; upload the output folder with your hub's own tool";
    const string OtherEngine = "there is one engine here, and no other to configure";

    /// <summary>Keys that change nothing here.</summary>
    public static readonly IReadOnlySet<string> Harmless = new HashSet<string>
    {
        // model
        "trust_remote_code", "use_fast_tokenizer", "low_cpu_mem_usage", "flash_attn", "infer_backend", "use_reentrant_gc",
        "offload_folder", "upcast_layernorm", "upcast_lmhead_output", "use_unsloth_gc", "enable_liger_kernel", "use_v1_kernels", "print_param_status",
        "quantization_device_map", "export_device",
        "hf_hub_token", "ms_hub_token", "om_hub_token", "moe_aux_loss_coef", "split_special_tokens", "use_kv_cache",
        // data
        "preprocessing_batch_size", "preprocessing_num_workers", "streaming", "buffer_size", "ignore_pad_token_for_loss",
        "data_shared_file_system", "tool_format", "interleave_probs", "media_dir", "eval_num_beams",
        // method
        "pissa_iter", "loraplus_lr_embedding",
        // training
        "ddp_timeout", "ddp_find_unused_parameters", "ddp_bucket_cap_mb", "ddp_broadcast_buffers", "ddp_backend", "dataloader_num_workers",
        "dataloader_pin_memory", "dataloader_persistent_workers", "dataloader_prefetch_factor", "gradient_checkpointing",
        "gradient_checkpointing_kwargs", "full_determinism", "average_tokens_across_devices", "remove_unused_columns", "log_level",
        "log_level_replica", "log_on_each_node", "logging_dir", "logging_nan_inf_filter", "disable_tqdm", "save_safetensors", "save_on_each_node",
        "eval_accumulation_steps", "prediction_loss_only", "group_by_length", "length_column_name", "train_sampling_strategy",
        "skip_memory_metrics", "torch_empty_cache_steps", "include_tokens_per_second", "include_num_input_tokens_seen", "label_names",
        "include_for_metrics", "ignore_data_skip", "local_rank", "use_cpu", "no_cuda", "half_precision_backend", "fp16_opt_level", "bf16_full_eval",
        "fp16_full_eval", "auto_find_batch_size", "torch_compile", "torch_compile_backend", "torch_compile_mode", "restore_callback_states_from_checkpoint",
        "past_index", "tpu_num_cores", "eval_use_gather_object", "use_legacy_prediction_loop", "project", "trackio_space_id",
        "task_dir", "download_mode", "save_dir", "lang", "n_shot",
    };

    /// <summary>Keys whose effect is missing here, with the reason; their LLaMA-Factory default, null and false are accepted.</summary>
    public static readonly IReadOnlyDictionary<string, Refusal> Refused = new Dictionary<string, Refusal>
    {
        ["api_key"] = new("keys are read from the environment or user secrets only, never from a file or the command line (docs/api.md)"),
        ["deepspeed"] = new(OneProcess),
        ["fsdp"] = new(OneProcess, ""),
        ["fsdp_config"] = new(OneProcess),
        ["accelerator_config"] = new(OneProcess),
        ["parallelism_config"] = new(OneProcess),
        ["use_mca"] = new(OneProcess),
        ["use_ray"] = new(OneProcess),
        ["export_quantization_bit"] = new(NoQuantization),
        ["export_quantization_dataset"] = new(NoQuantization),
        ["export_quantization_nsamples"] = new(NoQuantization, "128"),
        ["export_quantization_maxlen"] = new(NoQuantization, "1024"),
        ["fp8"] = new(Fp8),
        ["fp8_backend"] = new(Fp8, "auto"),
        ["fp8_enable_fsdp_float8_all_gather"] = new(OneProcess),
        ["resize_vocab"] = new(NoNewTokens),
        ["add_tokens"] = new(NoNewTokens),
        ["add_special_tokens"] = new(NoNewTokens),
        ["new_special_tokens_config"] = new(NoNewTokens),
        ["init_special_tokens"] = new(NoNewTokens, "noise_init"),
        ["rope_scaling"] = new("the checkpoint's own rope settings are used"),
        ["shift_attn"] = new("attention is the model's own"),
        ["mixture_of_depths"] = new("layers are the model's own"),
        ["use_unsloth"] = new(OtherEngine),
        ["use_kt"] = new(OtherEngine),
        ["vllm_maxlen"] = new(OtherEngine, "4096"),
        ["vllm_gpu_util"] = new(OtherEngine, "0.7"),
        ["vllm_enforce_eager"] = new(OtherEngine),
        ["vllm_max_lora_rank"] = new(OtherEngine, "32"),
        ["vllm_config"] = new(OtherEngine),
        ["sglang_maxlen"] = new(OtherEngine, "4096"),
        ["sglang_mem_fraction"] = new(OtherEngine, "0.7"),
        ["sglang_tp_size"] = new(OtherEngine, "-1"),
        ["sglang_config"] = new(OtherEngine),
        ["train_from_scratch"] = new("start from a checkpoint folder of random weights with stage: pt and finetuning_type: full"),
        ["additional_target"] = new("only adapters are trained with lora; use finetuning_type: freeze with freeze_extra_modules for whole modules"),
        ["use_dora"] = new("use lora or use_rslora"),
        ["pissa_init"] = new(NoOther),
        ["pissa_convert"] = new(NoOther),
        ["module_dropout"] = new("that is a key of finetuning_type: oft", "0.0"),
        ["oft_rank"] = new("that is a key of finetuning_type: oft", "0"),
        ["oft_block_size"] = new("that is a key of finetuning_type: oft", "32"),
        ["oft_target"] = new("that is a key of finetuning_type: oft", "all"),
        ["pref_beta"] = new(NoPreferences, "0.1"),
        ["pref_ftx"] = new(NoPreferences, "0.0"),
        ["ref_model_quantization_bit"] = new(NoPreferences),
        ["pref_loss"] = new(NoPreferences, "sigmoid"),
        ["pref_bco_weight"] = new(NoPreferences, "0.0"),
        ["ld_alpha"] = new(NoPreferences),
        ["dpo_label_smoothing"] = new(NoPreferences, "0.0"),
        ["kto_chosen_weight"] = new(NoPreferences, "1.0"),
        ["kto_rejected_weight"] = new(NoPreferences, "1.0"),
        ["simpo_gamma"] = new(NoPreferences, "0.5"),
        ["ppo_buffer_size"] = new(NoPreferences, "1"),
        ["ppo_epochs"] = new(NoPreferences, "4"),
        ["ppo_score_norm"] = new(NoPreferences),
        ["ppo_target"] = new(NoPreferences, "6.0"),
        ["ppo_whiten_rewards"] = new(NoPreferences),
        ["ref_model"] = new(NoPreferences),
        ["ref_model_adapters"] = new(NoPreferences),
        ["reward_model"] = new(NoPreferences),
        ["reward_model_adapters"] = new(NoPreferences),
        ["reward_model_quantization_bit"] = new(NoPreferences),
        ["reward_model_type"] = new(NoPreferences, "lora"),
        ["use_galore"] = new(OnlyAdamW),
        ["use_apollo"] = new(OnlyAdamW),
        ["use_badam"] = new(OnlyAdamW),
        ["use_adam_mini"] = new(OnlyAdamW),
        ["use_muon"] = new(OnlyAdamW),
        ["optim_args"] = new(OnlyAdamW),
        ["optim_target_modules"] = new(OnlyAdamW),
        ["adafactor"] = new(OnlyAdamW),
        ["use_llama_pro"] = new("layers are the model's own"),
        ["use_swanlab"] = new("use report_to: tensorboard"),
        ["use_dft_loss"] = new("the loss is cross-entropy"),
        ["use_asft_loss"] = new("the loss is cross-entropy"),
        ["asft_alpha"] = new("the loss is cross-entropy", "0.1"),
        ["use_eaft_loss"] = new("the loss is cross-entropy"),
        ["eaft_alpha"] = new("the loss is cross-entropy", "1.0"),
        ["label_smoothing_factor"] = new("the loss is cross-entropy against the rows' tokens", "0.0"),
        ["neftune_noise_alpha"] = new("embeddings are not disturbed; use lora_dropout against over-fitting"),
        ["freeze_vision_tower"] = new(TextOnly, "true"),
        ["freeze_multi_modal_projector"] = new(TextOnly, "true"),
        ["freeze_language_model"] = new(TextOnly),
        ["image_max_pixels"] = new(TextOnly, "589824"),
        ["image_min_pixels"] = new(TextOnly, "1024"),
        ["video_max_pixels"] = new(TextOnly, "65536"),
        ["video_min_pixels"] = new(TextOnly, "256"),
        ["video_fps"] = new(TextOnly, "2.0"),
        ["video_maxlen"] = new(TextOnly, "128"),
        ["eval_delay"] = new("evaluation begins with the first eval_steps", "0"),
        ["eval_on_each_dataset"] = new("the validation rows are one set; run `finintent eval` on each file"),
        ["do_predict"] = new("answers are scored by `finintent eval`"),
        ["predict_with_generate"] = new("answers are scored by `finintent eval`"),
        ["batch_eval_metrics"] = new("eval_loss and eval_accuracy are sums over rows already"),
        ["num_beams"] = new("answers are sampled or greedy", "1"),
        ["length_penalty"] = new("it has no meaning without beams", "1.0"),
        ["export_legacy_format"] = new("weights are written as safetensors only; every reader of .bin files today reads them"),
        ["export_hub_model_id"] = new(NoHub),
        ["push_to_hub"] = new(NoHub),
        ["hub_model_id"] = new(NoHub),
        ["hub_token"] = new(NoHub),
        ["task"] = new("`finintent eval` reads rows from files, not LLaMA-Factory's exam sets"),
        ["eval_packing"] = new("batches are always packed"),
        ["evaluation_strategy"] = new("transformers has renamed it: use eval_strategy", "no"),
        ["per_gpu_train_batch_size"] = new("use per_device_train_batch_size"),
        ["per_gpu_eval_batch_size"] = new("use per_device_eval_batch_size"),
    };
}

/// <param name="Reason">Why, and what to do instead.</param>
/// <param name="Default">LLaMA-Factory's default, which changes nothing and so is accepted.</param>
sealed record Refusal(string Reason, string? Default = null);
