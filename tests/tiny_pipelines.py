"""Pipelines of diffusers of the real classes, a few thousand weights each."""

import diffusers
import torch
import transformers


def clip():
    letters = [chr(k) for k in range(33, 127)]
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = transformers.CLIPTokenizer(
        vocab={word: k for k, word in enumerate(words)}, merges=[], model_max_length=77
    )
    config = transformers.CLIPTextConfig(
        vocab_size=200, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        bos_token_id=188, eos_token_id=189, pad_token_id=189, projection_dim=16,
    )  # fmt: skip
    return {"tokenizer": tokenizer, "text_encoder": transformers.CLIPTextModel(config)}


def vae(**more):
    return diffusers.AutoencoderKL(
        block_out_channels=(8, 16), latent_channels=4, norm_num_groups=4, layers_per_block=1,
        down_block_types=["DownEncoderBlock2D"] * 2, up_block_types=["UpDecoderBlock2D"] * 2, **more,
    )  # fmt: skip


def unet(in_channels=8):
    return diffusers.UNet2DConditionModel(
        block_out_channels=(8, 16), layers_per_block=1, sample_size=16,
        in_channels=in_channels, out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), attention_head_dim=2, norm_num_groups=4,
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=16,
    )  # fmt: skip


def plain():
    return diffusers.StableDiffusionPipeline(
        **clip(), vae=vae(), unet=unet(in_channels=4),
        scheduler=diffusers.DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def pix2pix():
    return diffusers.StableDiffusionInstructPix2PixPipeline(
        **clip(), vae=vae(), unet=unet(), scheduler=diffusers.DDIMScheduler(), safety_checker=None,
        feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip


def kontext():
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(chr(k), -3.0) for k in range(33, 127)]
    t5 = transformers.T5Config(vocab_size=len(pieces), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    return diffusers.FluxKontextPipeline(
        **clip(),
        vae=vae(shift_factor=0.0, scaling_factor=1.0, use_quant_conv=False, use_post_quant_conv=False),
        text_encoder_2=transformers.T5EncoderModel(t5),
        tokenizer_2=transformers.T5TokenizerFast(vocab=pieces, extra_ids=0),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        transformer=diffusers.FluxTransformer2DModel(
            patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=16, pooled_projection_dim=16, axes_dims_rope=(4, 4, 8),
            guidance_embeds=True,
        ),
    )  # fmt: skip


def klein():
    from tokenizers.pre_tokenizers import ByteLevel

    tokenizer = transformers.Qwen2TokenizerFast(
        vocab={letter: k for k, letter in enumerate(sorted(ByteLevel.alphabet()))}, merges=[]
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    tokenizer.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    )
    llm = transformers.Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=28,
        num_attention_heads=1, num_key_value_heads=1, head_dim=8,
    )  # fmt: skip
    return diffusers.Flux2KleinPipeline(
        tokenizer=tokenizer,
        text_encoder=transformers.Qwen3ForCausalLM(llm),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=diffusers.AutoencoderKLFlux2(
            block_out_channels=(8, 16), latent_channels=4, norm_num_groups=4, layers_per_block=1,
            down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        ),
        transformer=diffusers.Flux2Transformer2DModel(
            patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=24, axes_dims_rope=(4, 4, 4, 4),
            timestep_guidance_channels=16, guidance_embeds=False,
        ),
    )  # fmt: skip


def marigold(kind):
    made = getattr(diffusers, f"Marigold{kind.capitalize()}Pipeline")
    more = (
        {"use_full_z_range": True}
        if kind == "normals"
        else {"scale_invariant": True, "shift_invariant": True}
    )
    return made(
        **clip(), vae=vae(), unet=unet(), scheduler=diffusers.DDIMScheduler(prediction_type="v_prediction"),
        prediction_type=kind, default_denoising_steps=2, default_processing_resolution=64, **more,
    )  # fmt: skip


MAKERS = {
    "plain": plain,
    "pix2pix": pix2pix,
    "kontext": kontext,
    "klein": klein,
    "depth": lambda: marigold("depth"),
    "normals": lambda: marigold("normals"),
}


def save(folder, names):
    """Each pipeline in a folder of its own, with random weights that are always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for name in names:
            MAKERS[name]().save_pretrained(folder / name)
    return folder
